from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests.experiment.blocks import Grade, TurnFigures
from loadtests.experiment.rounds.grade import grade


def _turns(*blocks: list[float]) -> list[TurnFigures]:
    return [
        TurnFigures(block, place, 0.0, 0.1, 50, rate, rate, 2 * rate, 1000 / rate, 2000 / rate)
        for block, rates in enumerate(blocks)
        for place, rate in enumerate(rates)
    ]


def _grade(turns: list[TurnFigures], **shares: float | None) -> Grade:
    away = {"waited": None, "stolen": None, "others": None} | shares
    return grade(turns, is_scheduled=False, **away)


@pytest.mark.parametrize(("scatter", "word"), [(0.01, "calm"), (0.08, "uneasy"), (0.4, "rough")])
def test_turns_that_scatter_about_their_block_make_a_load_uneasy(scatter: float, word: str) -> None:
    rates = [100 * (1 + scatter * step) for step in (-1, 1, -1, 1, 0.5, -0.5)]
    assert _grade(_turns(rates, rates)).word == word


def test_what_differs_from_block_to_block_is_not_scatter_but_one_turn_a_block_has_no_other() -> None:
    assert _grade(_turns([100.0] * 5, [200.0] * 5)).word == "calm"
    assert _grade(_turns([100.0], [150.0], [200.0])).word == "rough"


@pytest.mark.parametrize("share", ["waited", "stolen", "others"])
def test_a_core_that_others_had_makes_a_load_uneasy(share: str) -> None:
    turns = _turns([100.0] * 5)
    assert _grade(turns, **{share: 0.04}).word == "calm"
    found = _grade(turns, **{share: 0.1})
    assert (found.word, getattr(found, share)) == ("uneasy", 0.1)
    assert "10.0%" in found.sentence
    assert _grade(turns, **{share: 0.3}).word == "rough"


def test_turns_that_do_not_count_are_told_and_do_not_scatter() -> None:
    turns = _turns([100.0] * 9 + [1.0])
    void = [*turns[:-1], replace(turns[-1], why_void="no core")]
    found = _grade(void)
    assert found.scatter == pytest.approx(0)
    assert found.word == "uneasy"
    assert "10% of the turns do not count" in found.sentence


def test_of_a_rate_that_is_the_schedules_the_latency_tells() -> None:
    turns = [replace(one, requests_per_s=100.0, rows_per_s=100.0) for one in _turns([50, 100, 150, 200])]
    assert grade(turns, is_scheduled=True, waited=None, stolen=None, others=None).word == "rough"
    assert _grade(turns).word == "calm"
