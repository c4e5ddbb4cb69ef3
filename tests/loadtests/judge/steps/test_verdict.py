"""The verdict of rising rates: whatever answers most rightly and in time, and if choosing was worth it."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.experiment.measured import ScoredLoad
from loadtests.judge.steps.contrast import contrasts_of
from loadtests.judge.steps.verdict import judge_steps
from loadtests.judge.verdict import Verdict
from tests.loadtests.judge.steps.test_contrast import scored
from tests.loadtests.results import accuracies, judged


def _judged(loads: Sequence[ScoredLoad], margin: float = 0.05) -> Verdict:
    plain = [one.load for one in loads]
    return judge_steps(loads, contrasts_of(loads, margin), accuracies(plain), judged(plain))


def test_what_answers_most_is_recommended_and_that_it_is_never_below_is_said() -> None:
    verdict = _judged(
        [scored("auto", "r", "w", chosen="x"), scored("float32", "r", "l"), scored("int8", "w", "w")]
    )
    assert (verdict.answer.kind, verdict.recommended) == ("ship", "auto")
    assert "`auto` answers most: 75.0% of all rows offered" in verdict.sentences[0]
    assert "at or above the best single variant at every one of 2 rates" in verdict.sentences[1]
    assert "`float32` 0.0 and 100.0%" in verdict.sentences[2]
    assert verdict.code() == 0


def test_what_is_below_the_best_single_variant_at_one_rate_fails_and_says_where() -> None:
    verdict = _judged([scored("auto", "r", "l", chosen="x"), scored("int8", "r", "r")])
    assert verdict.recommended == "int8"
    assert (
        "`auto` with 2 rows a request is below the best single variant at 20% of the load by -100.0"
        in (verdict.sentences[1])
    )
    assert verdict.code() == 1


def test_what_is_not_told_apart_is_a_tie_and_what_is_not_known_is_said() -> None:
    verdict = _judged([scored("auto", "rrrrrrw", chosen="x"), scored("int8", "rrwrrrr")], 0.01)
    assert (verdict.answer.kind, len(verdict.answer.others)) == ("tie", 1)
    assert any("within 1 point is not known at 10% of the load" in one for one in verdict.sentences)
    assert verdict.code() == 0


def test_rates_at_which_the_generator_failed_are_named() -> None:
    verdict = _judged([scored("auto", "r", "l", chosen="x", void=1), scored("int8", "r", "r", void=1)])
    assert any("did not keep the schedule at 80/s" in one for one in verdict.sentences)
