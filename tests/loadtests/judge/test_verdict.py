from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from loadtests.experiment.measured import Measured
from loadtests.judge.bounds import Bounds
from loadtests.judge.contrast import Contrasts
from loadtests.judge.verdict import Verdict, judge
from loadtests.measure.check import Check
from loadtests.measure.latency import Latency
from tests.loadtests.results import accuracies, changed, judged, measured, peak, stop, voided

SLOW = measured("float32", rows_per_s=1000, size=4000, p99_ms=11.0)
FAST = measured("int8", rows_per_s=2700, size=1000, p99_ms=4.1)


def _text(loads: Sequence[Measured], bounds: Bounds | None = None) -> str:
    return "\n".join(judged(loads, bounds).sentences)


class TestAnswer:
    def test_the_fastest_of_those_as_accurate_as_float32_is_shipped(self) -> None:
        verdict = judged([SLOW, FAST, measured("int4", rows_per_s=9000, size=500, accuracy=0.80)])
        assert (verdict.answer.kind, verdict.recommended, verdict.code()) == ("ship", "int8", 0)
        answer, figures, less = verdict.sentences[:3]
        assert answer.startswith(
            "Ship `int8`: 2.70 times (2.67 to 2.74) the rows per core-second of `float32`, as accurate as "
            "`float32` within 1 point (difference +0.0 points, "
        )
        assert answer.endswith("on 10,000 rows), 25% of the size.")
        assert figures == "`int8` came to 2,700 rows/s, p99 4.1 ms with 1 row a request."
        assert less.startswith("`int4` is less accurate than `float32`: difference -18.0 points, ")

    def test_where_nothing_gains_float32_is_shipped(self) -> None:
        verdict = judged([measured("float32", rows_per_s=2000), measured("int16x8", rows_per_s=100)])
        assert (verdict.answer.kind, verdict.recommended) == ("ship", "float32")
        assert verdict.sentences[0] == "Ship `float32`: no variant is known to be as accurate and faster."

    def test_of_those_that_cannot_be_told_apart_the_smaller_is_taken(self) -> None:
        unsteady = measured("int8", rows_per_s=1000, size=100, scatter=(0.9, 1.1, 0.95, 1.05))
        verdict = judged([measured("float32", rows_per_s=1000, size=4000), unsteady])
        assert (verdict.answer.kind, verdict.answer.others) == ("tie", ("float32",))
        assert verdict.recommended == "int8"
        assert verdict.code() == 0
        assert "`int8` and `float32` cannot be told apart in rows per core-second" in verdict.sentences[0]
        assert verdict.sentences[0].endswith("take `int8`, since it is smaller (0.1 KB against 4 KB).")

    def test_of_those_that_are_alike_the_smaller_is_taken_however_sharp_the_interval(self) -> None:
        loads = [
            measured("float32", size=9000),
            measured("float16", rows_per_s=2040, size=5000),
            measured("int8", rows_per_s=2000, size=1000),
        ]
        verdict = judged(loads)
        assert (verdict.recommended, verdict.answer.others) == ("int8", ("float16",))
        assert "`int8` and `float16` are alike in rows per core-second" in verdict.sentences[0]
        assert verdict.sentences[1].startswith(
            "`int8`: 2.00 times (1.97 to 2.03) the rows per core-second of"
        )

    def test_of_those_that_are_alike_and_as_large_the_shorter_tail_is_taken(self) -> None:
        loads = [measured("float32", rows_per_s=1010, p99_ms=9.0), measured("int8", size=1010, p99_ms=3.0)]
        verdict = judged(loads)
        assert verdict.recommended == "int8"
        assert verdict.sentences[0].endswith("take `int8`, since it has the shorter tail.")

    def test_what_is_far_slower_by_its_figures_is_not_taken_for_its_size(self) -> None:
        unsteady = measured("int8", rows_per_s=500, size=100, scatter=(0.3, 2.5, 0.5, 1.9))
        verdict = judged([measured("float32", rows_per_s=1000, size=4000), unsteady])
        assert (verdict.recommended, verdict.answer.others) == ("float32", ("int8",))

    def test_one_block_tells_nothing_apart_and_the_figures_are_taken_as_they_are(self) -> None:
        one = (1.0,)
        loads = [measured("float32", size=400, scatter=one), measured("int8", rows_per_s=2000, scatter=one)]
        verdict = judged(loads)
        assert (verdict.answer.kind, verdict.recommended) == ("tie", "int8")
        assert "2.00 times (without an interval)" in verdict.sentences[0]
        assert verdict.sentences[0].endswith("take `int8`, since it is ahead by its figures.")

    def test_five_per_cent_of_the_size_are_nothing_to_choose_by(self) -> None:
        loads = [
            measured("float32", rows_per_s=2000, size=1010),
            measured("int8", rows_per_s=2080, size=1040),
        ]
        assert judged(loads).recommended == "int8"

    def test_with_rows_too_few_to_prove_it_the_faster_waits(self) -> None:
        verdict = judged([SLOW, FAST], rows=100)
        assert (verdict.answer.kind, verdict.answer.variant) == ("unproven", "float32")
        assert (verdict.answer.others, verdict.code()) == (("int8",), 0)
        assert verdict.sentences[0].startswith(
            "Ship `float32` for now: `int8` is 2.70 times (2.67 to 2.74) the rows per core-second of "
            "`float32`, but 100 rows do not prove it as accurate as `float32` within 1 point"
        )
        assert sum("do not prove" in one for one in verdict.sentences) == 1

    def test_rows_too_few_are_said_of_a_slower_variant_as_well(self) -> None:
        verdict = judged([SLOW, measured("int16x8", rows_per_s=100)], rows=100)
        assert (verdict.answer.kind, verdict.recommended) == ("ship", "float32")
        assert any(one.startswith("`int16x8`: 100 rows do not prove it") for one in verdict.sentences)

    def test_of_a_variant_that_was_not_measured_nothing_is_said(self) -> None:
        less = measured("int4", accuracy=0.5)
        verdict = judge([SLOW, FAST], None, Contrasts((), accuracies([SLOW, FAST, less])))
        assert verdict.certificates["int4"].judgement == "worse"
        assert not any("int4" in one for one in verdict.sentences)

    def test_where_only_what_is_not_proven_was_measured_float32_is_shipped_unseen(self) -> None:
        verdict = judge([FAST], None, Contrasts((), accuracies([SLOW, FAST], rows=100)))
        assert (verdict.answer.kind, verdict.recommended) == ("unproven", "float32")
        assert verdict.sentences[0].startswith("Ship `float32` for now, of whose speed this run says nothing")

    def test_why_it_stopped_and_how_calm_the_machine_was_are_told_after_the_answer(self) -> None:
        assert FAST.grade
        rough = changed(FAST, grade=replace(FAST.grade, word="rough", scatter=0.0, void_turns=1.0))
        loads = [SLOW, rough]
        known = Contrasts((), accuracies(loads))
        sentences = judge(loads, None, known, stop(is_decided=False)).sentences
        assert sentences[0].startswith("Ship `int8`")
        assert "The budget is spent." in sentences
        (grade,) = (
            one for one in sentences if one.startswith("The machine was rough: the turns scattered by")
        )
        assert grade.endswith("(at its worst, for int8 with 1 row a request).")

    @pytest.mark.parametrize("is_void", [False, True])
    def test_there_is_always_an_answer(self, is_void: bool) -> None:
        for loads in ([SLOW], [FAST], [SLOW, FAST], [measured("int8", failures={"status 500": 3})]):
            for rows in (10, 10_000):
                for bounds in (Bounds(), Bounds(p99_ms=1), Bounds(p99_ms=5), Bounds(min_accuracy=0.99)):
                    verdict = judged([voided(one) if is_void else one for one in loads], bounds, rows=rows)
                    assert verdict.answer.variant
                    assert verdict.sentences[0]
                    assert verdict.is_void == is_void


class TestVoid:
    def test_what_is_void_is_said_and_no_answer_rests_on_it(self) -> None:
        verdict = judged([measured("float32"), voided(measured("int8", rows_per_s=9000))])
        assert (verdict.recommended, verdict.is_void, verdict.code()) == ("float32", True, 3)
        assert (
            "VOID: `int8` with 1 row a request: It used 97% of its core; 90% is allowed." in verdict.sentences
        )
        assert "Left out, since a load is missing or cannot be believed: `int8`." in verdict.sentences

    def test_where_all_is_void_accuracy_and_size_are_known_nevertheless(self) -> None:
        verdict = judged([voided(SLOW), voided(FAST), voided(measured("int4", size=10, accuracy=0.5))])
        assert (verdict.answer.kind, verdict.answer.variant) == ("void", "int8")
        assert (verdict.recommended, verdict.code()) == (None, 3)
        assert verdict.sentences[0] == (
            "Of speed nothing is known: no load can be believed. By accuracy and size alone `int8` is the "
            "best supported, 25% of the size."
        )

    def test_where_all_with_so_many_rows_is_void_the_others_answer(self) -> None:
        large = [voided(measured(name, 32)) for name in ("float32", "int8")]
        verdict = judged([SLOW, FAST, *large])
        assert verdict.recommended == "int8"
        assert verdict.code() == 3
        expected = "Of speed only what was measured with 1 row a request can be believed."
        assert expected in verdict.sentences

    def test_where_every_turn_of_a_busy_machine_is_thrown_away_the_processor_time_answers(self) -> None:
        """The generator had no core, so no rate counts; what a row costs the service does."""

        def without_rates(load: Measured) -> Measured:
            nothing: dict[str, Any] = {
                "rows_per_s": 0.0,
                "requests_per_s": 0.0,
                "p50_ms": None,
                "p99_ms": None,
            }
            blocks = [replace(one, turns=0, seconds=0.0, **nothing) for one in load.blocks]
            figures = {"answers": 0, "throughput": None, "latency": None, "p50_ms": None, "p99_ms": None}
            return changed(load, blocks=blocks, rows_per_s=0.0, requests_per_s=0.0, **figures)

        loads = [without_rates(SLOW), without_rates(FAST)]
        verdict = judged(loads)
        assert (verdict.answer.kind, verdict.recommended, verdict.code()) == ("ship", "int8", 0)
        assert verdict.sentences[0].startswith(
            "Ship `int8`: 2.70 times (2.67 to 2.74) the rows per core-second"
        )
        assert "`int8` came to 5,400 rows per core-second with 1 row a request." in verdict.sentences
        assert any("and the throughput is not known: only the processor" in one for one in verdict.sentences)
        late = judged(loads, Bounds(p99_ms=50))
        assert (late.answer.kind, late.code()) == ("out_of_bounds", 1)
        assert "p99 not known with 1 row a request" in late.sentences[0]

    def test_where_nothing_was_seen_at_all_no_figure_is_right(self) -> None:
        none = changed(measured("float32", accuracy=None), answers=0)
        verdict = judge([none], None, Contrasts((), accuracies([SLOW])))
        assert (verdict.answer.kind, verdict.code()) == ("void", 3)

    def test_a_variant_without_a_single_answer_is_judged_by_its_failures_alone(self) -> None:
        dead = measured("int8", accuracy=None, failures={"no answer (ConnectionRefusedError)": 9})
        verdict = judged([measured("float32"), changed(dead, answers=0)])
        assert verdict.recommended == "float32"
        assert any("ConnectionRefusedError" in sentence for sentence in verdict.sentences)


class TestGates:
    def test_a_variant_with_failed_requests_is_not_shipped_and_the_gate_fails(self) -> None:
        loads = [measured("float32"), measured("int8", rows_per_s=9000, failures={"status 500": 3})]
        verdict = judged(loads)
        assert (verdict.recommended, verdict.code()) == ("float32", 1)
        assert "`int8` with 1 row a request: 3 of 103 requests failed (3 x status 500)." in _text(loads)
        alone = judged([measured("float32", failures={"status 500": 1})])
        assert (alone.recommended, alone.answer.kind, alone.code()) == (None, "void", 1)

    def test_a_refusal_is_no_reason_against_a_variant_where_the_scenario_allows_it(self) -> None:
        def loaded(scenario: str, reason: str) -> Measured:
            return changed(measured("float32", failures={reason: 9}), scenario=scenario)

        refused = judged([loaded("spike", "status 503")])
        assert (refused.recommended, refused.code()) == ("float32", 0)
        assert "9 of 109 requests were refused, as the scenario allows" in "".join(refused.sentences)
        assert judged([loaded("spike", "status 500")]).recommended is None
        assert judged([loaded("users", "status 503")]).recommended is None

    def test_what_a_check_found_is_said_and_fails_the_gate_and_voids_nothing(self) -> None:
        check = Check("agreement", passed=False, detail="3 rows differ from offline.", voids=False)
        verdict = judged([changed(measured("float32"), checks=(check,))])
        assert "Found: `float32` with 1 row a request: 3 rows differ from offline." in verdict.sentences
        assert (verdict.recommended, verdict.is_void, verdict.code()) == ("float32", False, 1)

    def test_a_variant_that_failed_fails_the_gate_and_what_is_void_is_worse(self) -> None:
        assert judged([SLOW]).code(lost=True) == 1
        assert judged([voided(SLOW)]).code(lost=True) == 3


class TestBounds:
    LOADS = (
        measured("float32", rows_per_s=1000, size=4_000_000, accuracy=0.95, p99_ms=11.0, unique=10_000),
        measured("int8", rows_per_s=3000, size=1_000_000, accuracy=0.94, p99_ms=4.0, unique=10_000),
        measured("int4", rows_per_s=5000, size=500_000, accuracy=0.85, p99_ms=3.0, unique=10_000),
    )

    def _judge(self, **bounds: float) -> Verdict:
        return judged(self.LOADS, Bounds(**bounds))  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("bounds", "recommended"),
        [
            ({}, "float32"),
            ({"min_accuracy": 0.90}, "int8"),
            ({"min_accuracy": 0.80}, "int4"),
            ({"min_accuracy": 0.80, "p99_ms": 3.5}, "int4"),
            ({"min_accuracy": 0.90, "p99_ms": 5}, "int8"),
            ({"min_accuracy": 0.90, "min_rps": 2000}, "int8"),
            ({"min_accuracy": 0.945, "max_mb": 4}, "float32"),
            ({"min_accuracy": 0.945, "max_mb": 3}, None),
            ({"p99_ms": 2}, None),
            ({"min_accuracy": 0.96}, None),
        ],
    )
    def test_the_fastest_within_the_bounds_is_recommended(
        self, bounds: dict[str, float], recommended: str | None
    ) -> None:
        verdict = self._judge(**bounds)
        assert verdict.recommended == recommended
        assert verdict.is_met == (recommended is not None)
        assert verdict.code() == (0 if recommended else 1)

    def test_where_nothing_meets_it_the_nearest_is_named_and_by_how_much_each_misses_it(self) -> None:
        verdict = self._judge(p99_ms=2, min_accuracy=0.9)
        assert (verdict.answer.kind, verdict.answer.variant) == ("out_of_bounds", "int8")
        assert verdict.sentences[0] == (
            "No variant meets p99 of 2 ms with accuracy 0.9; the nearest is `int8`: p99 4 ms with 1 row a "
            "request."
        )
        assert "`float32`: p99 11 ms with 1 row a request;" in verdict.sentences[1]
        assert "`int4`: p99 3 ms with 1 row a request, accuracy 0.8500" in verdict.sentences[1]

    def test_what_would_meet_it_if_it_were_proven_is_named(self) -> None:
        loads = [measured("float32", size=4_000_000), measured("int8", size=1_000_000)]
        verdict = judged(loads, Bounds(max_mb=2), rows=100)
        assert (verdict.answer.kind, verdict.answer.others) == ("out_of_bounds", ("int8",))
        assert verdict.sentences[0].startswith(
            "No variant known to be accurate enough meets a file of at most"
        )
        assert verdict.sentences[1].startswith("`int8` meets it: 100 rows do not prove it as accurate as")

    def test_what_meets_it_and_is_less_accurate_is_no_answer(self) -> None:
        verdict = self._judge(max_mb=2)
        assert (verdict.answer.kind, verdict.answer.variant) == ("out_of_bounds", "float32")
        assert verdict.sentences[0].startswith("No variant known to be accurate enough meets a file")
        assert any(one.startswith("`int4` is less accurate than `float32`") for one in verdict.sentences)

    def test_a_loss_of_accuracy_that_was_allowed_is_still_told(self) -> None:
        verdict = self._judge(min_accuracy=0.90)
        assert "accuracy 0.9400 (0.9" in verdict.sentences[0]
        assert "difference -1.0 points" in verdict.sentences[0]
        assert "`int8` meets accuracy 0.9." in verdict.sentences

    def test_a_bound_within_the_interval_is_met_but_not_proven(self) -> None:
        text = "\n".join(self._judge(min_accuracy=0.938, p99_ms=4.2).sentences)
        met = "`int8` meets p99 of 4.2 ms with accuracy 0.938"
        assert f"{met}, which is not proven: the interval of p99 4 ms (3.6 to 4.4)" in text
        assert text.count("`int8` meets") == 1
        assert "accuracy 0.9400 (0.9" in text
        assert "not proven" not in "\n".join(self._judge(min_accuracy=0.9, p99_ms=5).sentences)

    def test_below_459_answers_a_p99_far_within_the_bound_is_not_proven_either(self) -> None:
        few = Latency.of(np.full(120, 0.0041))
        text = _text([changed(measured("float32"), latency=few, answers=120)], Bounds(p99_ms=50))
        assert "not proven: the interval of p99 4.1 ms (4.1 to unknown: it takes 459 answers" in text
        assert "to tell, there were 120)" in text

    def test_a_p99_of_many_answers_of_which_the_slow_ones_came_in_one_stall_is_not_proven(self) -> None:
        stretches = np.repeat(np.arange(20), 100)
        stall = Latency.of(np.where(np.arange(2000) < 25, 0.02, 0.001), stretches)
        loads = [changed(measured("float32"), latency=stall, answers=2000)]
        text = _text(loads, Bounds(p99_ms=50))
        assert "(1 to unknown: the slow answers came together, as in a stall, and are few events)" in text

    def test_a_bound_must_be_held_with_every_number_of_rows(self) -> None:
        loads = [measured("float32", rows, p99_ms=p99) for rows, p99 in ((1, 1.0), (32, 9.0))]
        verdict = judged(loads, Bounds(p99_ms=5))
        assert verdict.recommended is None
        assert "p99 9 ms with 32 rows a request" in verdict.sentences[0]


def test_the_rate_of_a_schedule_is_not_told_as_a_gain() -> None:
    results = measured("float32", p99_ms=9.0), measured("int8", p99_ms=3.0)
    sentences = judged([changed(one, scenario="server") for one in results]).sentences
    assert sentences[0].startswith("Ship `int8`")
    assert not any("throughput" in one for one in sentences)


def test_http_is_said_to_dominate_where_the_model_is_a_small_share() -> None:
    small, large = measured("float32", 1, model_ms=0.199), measured("float32", 32, model_ms=0.2)
    known = "of an unloaded `float32` request the model takes"
    assert f"HTTP dominates: {known} 19.9% with 1 row, so precision hardly" in _text([small, large])
    assert f"The model matters: {known} 20.0% with 32 rows." in _text([small, large])
    assert "HTTP" not in _text([measured("float32", model_ms=None)])


def test_where_http_dominates_with_every_number_of_rows_it_is_said_once() -> None:
    text = _text([measured("float32", rows, model_ms=0.1) for rows in (1, 8, 32)])
    assert text.count("HTTP dominates") == 1
    assert "the model takes 10.0% with 1 row, 10.0% with 8 rows, 10.0% with 32 rows, so" in text


def test_of_a_tie_with_float32_the_answer_has_the_ratio_and_nothing_after_it_says_it_again() -> None:
    first, *others = judged([measured("float32", size=4000), measured("int8", rows_per_s=1001.0)]).sentences
    ratio = "1.00 times (0."
    assert ratio in first
    (accuracy,) = (one for one in others if one.startswith("`int8`: "))
    assert accuracy.startswith("`int8`: as accurate as `float32` within 1 point (")
    assert ratio not in accuracy
    assert "of the size" not in accuracy


def test_a_search_that_found_no_peak_says_why() -> None:
    found = measured("float32", scenario="server", peak=peak(None, None, None))
    verdict = judged([found])
    assert (verdict.answer.kind, verdict.recommended) == ("ship", "float32")


def test_where_there_is_no_float32_to_compare_with_the_most_accurate_is_named() -> None:
    loads = [measured("int8", accuracy=0.97), measured("float16", rows_per_s=500)]
    verdict = judged(loads)
    assert (verdict.answer.kind, verdict.recommended) == ("unproven", "float16")
    assert "there is no `float32` to hold it to, and no --min-accuracy says" in verdict.sentences[0]
    assert judged(loads, Bounds(min_accuracy=0.95)).recommended == "int8"


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("users", "1,000 rows/s, p99 3 ms"),
        ("single_stream", "p50 1 ms, p99 3 ms"),
        ("server", "1,000 requests/s in time, p99 3 ms"),
        ("rise", "1,000 requests/s in time, p99 3 ms"),
    ],
)
def test_what_is_shipped_is_told_in_the_figure_that_decided(scenario: str, told: str) -> None:
    text = _text([measured("float32", scenario=scenario)])
    assert f"`float32` came to {told} with 1 row a request." in text
