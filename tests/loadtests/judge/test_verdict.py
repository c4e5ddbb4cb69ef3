from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.experiment.measured import Measured
from loadtests.experiment.search import peak_of
from loadtests.judge.budget import Budget
from loadtests.judge.verdict import Verdict, judge
from loadtests.measure.check import Check
from loadtests.measure.latency import Latency
from tests.loadtests.results import changed, measured, peak, searched, voided

NAMES = ["float32", "float16", "int8", "int16x8"]
FIGURES = st.tuples(st.floats(10, 1e5), st.integers(1, 10_000), st.floats(0.5, 1), st.floats(1, 100))


def _text(loads: list[Measured], budget: Budget | None = None) -> str:
    return "\n".join(judge(loads, budget).sentences)


def test_the_fastest_of_those_as_accurate_as_float32_is_recommended() -> None:
    loads = [
        measured("float32", rows_per_s=1000, size=4000, accuracy=0.98, p99_ms=11.0),
        measured("int8", rows_per_s=2700, size=1000, accuracy=0.981, p99_ms=4.1),
        measured("int4", rows_per_s=9000, size=500, accuracy=0.80),
    ]
    verdict = judge(loads)
    assert verdict.recommended == "int8"
    answer = verdict.sentences[0]
    assert (
        "Ship `int8`: as accurate as `float32` as far as 360 rows can tell (difference +0.1 points" in answer
    )
    assert "2.70 times the throughput (interval 2.6" in answer
    assert "p99 4.1 ms against 11 ms, 25% of the size." in answer
    assert "`int4` is less accurate than `float32`: by 18.0 points (" in _text(loads)


def test_a_difference_within_the_interval_is_never_called_an_improvement() -> None:
    text = _text([measured("float32", size=4000, accuracy=0.975), measured("int8", accuracy=0.985)])
    assert "as accurate as" in text
    assert "more accurate" not in text


def test_a_variant_that_is_more_accurate_beyond_the_interval_is_called_so() -> None:
    verdict = judge([measured("float32", accuracy=0.5), measured("int8", rows_per_s=2000, accuracy=0.99)])
    assert verdict.recommended == "int8"
    assert "more accurate than `float32` (difference +49.0 points" in verdict.sentences[0]


def test_throughputs_whose_interval_holds_1_are_not_told_apart() -> None:
    unsteady = measured("int8", rows_per_s=1100, size=100, scatter=(0.5, 1.6, 0.7, 1.2))
    answer = _text([measured("float32", rows_per_s=1000), unsteady])
    assert "throughput not told apart (1.00 times, interval 0." in answer
    assert "In throughput this run does not tell it apart from `float32`." in answer


def test_one_round_tells_nothing_apart() -> None:
    loads = [
        measured("float32", size=4000, scatter=(1.0,)),
        measured("int8", rows_per_s=2000, scatter=(1.0,)),
    ]
    assert "2.00 times the throughput, without an interval" in _text(loads)
    assert "does not tell it apart from `float32`" in _text(loads)


def test_of_two_that_are_as_fast_the_smaller_is_recommended() -> None:
    loads = [
        measured("float32", size=9000),
        measured("float16", rows_per_s=2040, size=5000),
        measured("int8", rows_per_s=2000, size=1000),
    ]
    assert judge(loads).recommended == "int8"


def test_five_per_cent_of_the_size_are_nothing_to_choose_by() -> None:
    loads = [measured("float32", rows_per_s=2000, size=1010), measured("int8", rows_per_s=2080, size=1040)]
    assert judge(loads).recommended == "int8"


def test_the_most_rows_a_request_decide() -> None:
    loads = [
        measured("float32", 1, 100, 1000),
        measured("float32", 32, 5000, 1000),
        measured("int8", 1, 900, 2000),
        measured("int8", 32, 1000, 2000),
    ]
    assert judge(loads).recommended == "float32"


def test_a_variant_with_failed_requests_is_not_recommended() -> None:
    loads = [measured("float32"), measured("int8", rows_per_s=9000, failures={"status 500": 3})]
    assert judge(loads).recommended == "float32"
    assert "`int8` with 1 row a request: 3 of 103 requests failed (3 x status 500)." in _text(loads)
    assert judge([measured("float32", failures={"status 500": 1})]).recommended is None


def test_a_refusal_is_no_reason_against_a_variant_where_the_scenario_allows_it() -> None:
    def loaded(scenario: str, reason: str) -> Measured:
        return changed(measured("float32", failures={reason: 9}), scenario=scenario)

    assert judge([loaded("spike", "status 503")]).recommended == "float32"
    assert "9 of 109 requests were refused, as the scenario allows" in _text([loaded("spike", "status 503")])
    assert judge([loaded("spike", "status 500")]).recommended is None
    assert judge([loaded("users", "status 503")]).recommended is None


def test_without_float32_nothing_is_recommended_unless_an_accuracy_is_asked_for() -> None:
    loads = [measured("int8", accuracy=0.97), measured("float16", rows_per_s=500)]
    verdict = judge(loads)
    assert verdict.recommended is None
    assert "`float32`" in verdict.sentences[0]
    assert judge(loads, Budget(min_accuracy=0.95)).recommended == "int8"


class TestBudget:
    LOADS = (
        measured("float32", rows_per_s=1000, size=4_000_000, accuracy=0.95, p99_ms=11.0, unique=10_000),
        measured("int8", rows_per_s=3000, size=1_000_000, accuracy=0.94, p99_ms=4.0, unique=10_000),
        measured("int4", rows_per_s=5000, size=500_000, accuracy=0.85, p99_ms=3.0, unique=10_000),
    )

    def _judge(self, **bounds: float) -> Verdict:
        return judge(self.LOADS, Budget(**bounds))

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
    def test_the_fastest_within_the_budget_is_recommended(
        self, bounds: dict[str, float], recommended: str | None
    ) -> None:
        verdict = self._judge(**bounds)
        assert verdict.recommended == recommended
        assert verdict.is_met == (recommended is not None)
        assert verdict.is_good == (recommended is not None)

    def test_where_nothing_meets_it_that_is_the_answer_with_what_each_misses_it_by(self) -> None:
        verdict = self._judge(p99_ms=2, min_accuracy=0.9)
        assert verdict.sentences[0] == "No variant meets p99 of 2 ms with accuracy 0.9."
        assert "`float32`: p99 11 ms with 1 row a request;" in verdict.sentences[1]
        assert "`int4`: p99 3 ms with 1 row a request, accuracy 0.8500" in verdict.sentences[1]

    def test_a_loss_of_accuracy_that_was_allowed_is_still_told(self) -> None:
        answer = self._judge(min_accuracy=0.90).sentences[0]
        assert "less accurate than `float32` (difference -1.0 points" in answer
        assert answer.endswith("It meets accuracy 0.9.")

    def test_a_bound_within_the_interval_is_met_but_not_proven(self) -> None:
        text = "\n".join(self._judge(min_accuracy=0.938, p99_ms=4.2).sentences)
        assert "That `int8` meets the budget is not proven: the interval of p99 4 ms (3.6 to 4.4)" in text
        assert "accuracy 0.9400 (0.9" in text
        assert "not proven" not in "\n".join(self._judge(min_accuracy=0.9, p99_ms=5).sentences)

    def test_below_459_answers_a_p99_far_within_the_bound_is_not_proven_either(self) -> None:
        few = Latency.of(np.full(120, 0.0041))
        loads = [changed(measured("float32"), latency=few, answers=120)]
        text = "\n".join(judge(loads, Budget(p99_ms=50)).sentences)
        assert "not proven: the interval of p99 4.1 ms (4.1 to unknown: it takes 459 answers" in text
        assert "to tell, there were 120)" in text

    def test_a_p99_of_many_answers_of_which_the_slow_ones_came_in_one_stall_is_not_proven(self) -> None:
        stretches = np.repeat(np.arange(20), 100)
        stall = Latency.of(np.where(np.arange(2000) < 25, 0.02, 0.001), stretches)
        loads = [changed(measured("float32"), latency=stall, answers=2000)]
        text = "\n".join(judge(loads, Budget(p99_ms=50)).sentences)
        assert "(1 to unknown: the slow answers came together, as in a stall, and are few events)" in text

    def test_a_bound_must_be_held_with_every_number_of_rows(self) -> None:
        loads = [measured("float32", rows, p99_ms=p99) for rows, p99 in ((1, 1.0), (32, 9.0))]
        verdict = judge(loads, Budget(p99_ms=5))
        assert verdict.recommended is None
        assert "p99 9 ms with 32 rows a request" in verdict.sentences[1]


def test_a_peak_that_was_confirmed_in_one_of_three_searches_does_not_beat_one_confirmed_in_three() -> None:
    loads = [
        changed(measured(name), scenario="server", peak=peak_of([searched(limit) for limit in limits]))
        for name, limits in (("float32", (1000.0, 1000.0, 1000.0)), ("int8", (9000.0, None, None)))
    ]
    verdict = judge(loads)
    assert verdict.recommended == "float32"
    assert "float32" not in verdict.dominated


def test_where_peaks_were_searched_for_the_highest_peak_is_recommended() -> None:
    def with_peak(name: str, *held: float | None) -> Measured:
        return changed(measured(name, size=1000), scenario="server", peak=peak(*held))

    loads = [
        with_peak("float32", 2000.0, 2000.0, 2000.0),
        with_peak("int8", 5000.0, 5000.0, 5000.0),
        with_peak("slow", None, None, None),
    ]
    answer = judge(loads).sentences[0]
    assert "Ship `int8`" in answer
    assert "2.50 times the peak rate (interval 2.38 to 2.62; " in answer
    assert "peak 5,000 requests/s at p99 of 10 ms" in answer
    assert "`slow`: no rate holds p99 of 10 ms" in judge([loads[2]], Budget(min_accuracy=0.1)).sentences[1]


def test_the_rate_of_a_schedule_is_not_told_as_a_gain() -> None:
    results = measured("float32", p99_ms=9.0), measured("int8", p99_ms=3.0)
    sentences = judge([changed(one, scenario="server") for one in results]).sentences
    assert sentences[0].startswith("Ship `int8`")
    assert "both at 1,000 rows/s with 1 row a request as scheduled" in sentences[0]
    assert not any("throughput" in one for one in sentences)


def test_what_is_void_is_said_and_no_answer_rests_on_it() -> None:
    loads = [measured("float32"), voided(measured("int8", rows_per_s=9000))]
    verdict = judge(loads)
    assert verdict.recommended == "float32"
    assert verdict.is_void
    assert not verdict.is_good
    expected = "VOID: `int8` with 1 row a request: It used 97% of its core; 90% is allowed."
    assert expected in verdict.sentences
    assert judge([voided(measured("float32"))]).recommended is None


def test_what_a_check_found_is_said_and_voids_nothing() -> None:
    check = Check("agreement", passed=False, detail="3 rows differ from offline.", voids=False)
    verdict = judge([changed(measured("float32"), checks=(check,))])
    assert "Found: `float32` with 1 row a request: 3 rows differ from offline." in verdict.sentences
    assert verdict.is_good


def test_a_gain_that_the_model_cannot_explain_is_doubted() -> None:
    small, large = measured("float32", model_ms=0.1), measured("float32", model_ms=0.5)
    gain = measured("int8", rows_per_s=1700)
    assert "Doubt the throughput of `int8`: 1.70 times `float32`, where 1.11 can" in _text([small, gain])
    assert "Doubt" not in _text([large, gain])
    slow = measured("float32", rows_per_s=1000, model_ms=0.87)
    assert "Doubt" not in _text([slow, measured("int8", rows_per_s=13_000)])
    assert "Doubt" not in _text([measured("float32", model_ms=None), gain])


def test_http_is_said_to_dominate_where_the_model_is_a_small_share() -> None:
    small, large = measured("float32", 1, model_ms=0.199), measured("float32", 32, model_ms=0.2)
    assert "With 1 row a request HTTP dominates: the model takes 19.9%" in _text([small, large])
    assert "With 32 rows a request the model matters: the model takes 20.0%" in _text([small, large])
    assert "request HTTP" not in _text([measured("float32", model_ms=None)])


def test_a_slower_variant_that_gains_nothing_is_dominated() -> None:
    loads = [measured("int8", rows_per_s=2000, size=900), measured("int16x8", rows_per_s=100, size=950)]
    assert judge(loads).dominated == {"int16x8": "int8"}


def test_a_variant_that_is_smaller_or_faster_or_steadier_anywhere_is_not_dominated() -> None:
    faster = [measured("int8", 1, 1000), measured("int8", 32, 9000)]
    assert judge([*faster, measured("tiny", 1, 500, 10), measured("tiny", 32, 500, 10)]).dominated == {}
    assert judge([*faster, measured("odd", 1, 2000, 1500), measured("odd", 32, 500, 1500)]).dominated == {}
    steady = [measured("even", 1, 500, 1500, p99_ms=1.0), measured("even", 32, 500, 1500, p99_ms=1.0)]
    assert judge([*faster, *steady]).dominated == {}


@given(st.lists(FIGURES, min_size=4, max_size=4))
def test_no_two_variants_dominate_each_other_and_none_that_is_dominated_by_a_candidate_is_recommended(
    figures: list[tuple[float, int, float, float]],
) -> None:
    loads = [
        measured(name, rows_per_s=speed, size=size, accuracy=accuracy, p99_ms=p99)
        for name, (speed, size, accuracy, p99) in zip(NAMES, figures, strict=True)
    ]
    verdict = judge(loads)
    assert all(verdict.dominated.get(better) != worse for worse, better in verdict.dominated.items())
    assert verdict.recommended is not None
    by_name = {load.variant: load.accuracy for load in loads}
    reference, chosen = by_name["float32"], by_name[verdict.recommended]
    assert reference is not None
    assert chosen is not None
    assert chosen.high >= reference.low


def test_a_variant_without_a_single_answer_is_judged_by_its_failures_alone() -> None:
    dead = measured("int8", accuracy=None, failures={"no answer (ConnectionRefusedError)": 9})
    verdict = judge([measured("float32"), dead])
    assert verdict.recommended == "float32"
    assert any("ConnectionRefusedError" in sentence for sentence in verdict.sentences)
