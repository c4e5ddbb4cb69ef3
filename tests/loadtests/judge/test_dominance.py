from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loadtests.experiment.measured import Measured
from loadtests.judge.certificate import Accuracies
from loadtests.judge.contrast import Contrasts
from loadtests.judge.verdict import judge
from tests.loadtests.judge.test_certificate import right
from tests.loadtests.results import changed, judged, measured

NAMES = ["float32", "float16", "int8", "int16x8"]
FIGURES = st.tuples(
    st.sampled_from([100.0, 1000.0, 1040.0, 5000.0]),
    st.sampled_from([1000, 4000]),
    st.sampled_from([0.90, 0.98]),
    st.sampled_from([1.0, 9.0]),
)
ONE_BLOCK = (1.0,)


def test_a_variant_that_is_slower_and_gains_nothing_is_dominated() -> None:
    loads = [measured("int8", rows_per_s=2000, size=900), measured("int16x8", rows_per_s=100, size=950)]
    assert judged(loads).dominated == {"int16x8": "int8"}


def test_with_one_block_nothing_dominates() -> None:
    loads = [
        measured("float32", rows_per_s=1000, size=1000, p99_ms=1.0, scatter=ONE_BLOCK),
        measured("int8", rows_per_s=9000, size=100, p99_ms=1.0, scatter=ONE_BLOCK),
        measured("int16x8", rows_per_s=960, size=999, p99_ms=10.0, scatter=ONE_BLOCK),
    ]
    assert judged(loads).dominated == {}
    without_int8 = judged([loads[0], loads[2]])
    assert (
        without_int8.recommended == "float32"
    )  # not what is 4% slower, a byte smaller, with 10 times the p99


def test_a_variant_with_ten_times_the_p99_is_not_taken_for_its_size() -> None:
    loads = [
        measured("float32", rows_per_s=1000, size=1000, p99_ms=1.0),
        measured("int8", rows_per_s=1000, size=930, p99_ms=10.0),
    ]
    verdict = judged(loads)
    assert verdict.dominated == {}
    assert verdict.recommended == "float32"
    assert judged([loads[0], measured("int8", rows_per_s=1000, size=930, p99_ms=1.0)]).recommended == "int8"


def test_a_tail_that_may_be_far_longer_supports_nothing_however_wide_its_interval() -> None:
    """A p99 of 1.9, 40, 40 and 40 ms in the four blocks, against 2 ms: 9 times, 0.8 to 106."""
    slow = measured("float32", rows_per_s=1000, size=1000, p99_ms=2.0)
    fast = measured("int8", rows_per_s=2000, size=900, p99_ms=40.0)
    blocks = [replace(one, p99_ms=ms) for one, ms in zip(fast.blocks, (1.9, 40.0, 40.0, 40.0), strict=True)]
    verdict = judged([slow, changed(fast, blocks=blocks)])
    assert verdict.dominated == {}
    assert any("The tail of `int8` may be far longer" in sentence for sentence in verdict.sentences)


def test_a_p99_that_is_as_long_as_the_throughput_is_low_does_not_count_twice() -> None:
    """In a closed loop latency times rate is the number of users."""
    fast, slow = measured("fast", rows_per_s=4000, size=1000, p99_ms=1.0), measured("slow", p99_ms=4.0)
    even = measured("even", rows_per_s=1000, size=1000, p99_ms=0.5)  # a shorter tail than its rate explains
    assert judged([fast, slow, even]).dominated == {"slow": "fast"}


def test_in_an_open_loop_p99_is_a_figure_of_its_own() -> None:
    def served(name: str, p99_ms: float, size: int) -> Measured:
        return measured(name, p99_ms=p99_ms, size=size, scenario="server")

    assert judged([served("a", 2.0, 1000), served("b", 8.0, 1000)]).dominated == {"b": "a"}
    assert judged([served("a", 2.0, 1000), served("b", 8.0, 900)]).dominated == {}


def test_of_one_stream_both_p50_and_p99_count() -> None:
    def streamed(name: str, p50_ms: float, p99_ms: float) -> Measured:
        load = measured(name, p99_ms=p99_ms, scenario="single_stream")
        blocks = [one.__class__(**{**vars(one), "p50_ms": p50_ms}) for one in load.blocks]
        return changed(load, blocks=blocks)

    assert judged([streamed("a", 1.0, 3.0), streamed("b", 2.0, 3.0)]).dominated == {"b": "a"}
    assert judged([streamed("a", 1.0, 30.0), streamed("b", 2.0, 3.0)]).dominated == {}


def test_what_loses_ninety_rows_and_gains_forty_does_not_dominate() -> None:
    """Each accuracy alone is within the interval of the other; row by row it is worse, p = 1.4e-5."""
    rows = 10_000
    accuracies = {"float32": right(rows, range(40)), "int8": right(rows, range(40, 130))}
    loads = [measured("float32", size=4000), measured("int8", rows_per_s=4000, size=1000)]
    assert judge(loads, None, Contrasts((), Accuracies(accuracies))).dominated == {}
    same = dict.fromkeys(accuracies, np.ones(rows))
    assert judge(loads, None, Contrasts((), Accuracies(same))).dominated == {"float32": "int8"}


def test_an_accuracy_that_few_rows_leave_open_supports_nothing() -> None:
    loads = [measured("float32", size=4000), measured("int8", rows_per_s=4000, size=1000)]
    assert judged(loads, rows=100).dominated == {}
    assert judged(loads).dominated == {"float32": "int8"}


def test_a_speed_that_is_not_known_supports_nothing() -> None:
    wide = measured("int8", rows_per_s=1000, size=100, scatter=(0.5, 1.6, 0.7, 1.2))
    assert judged([measured("float32", size=4000), wide]).dominated == {}


def test_a_variant_that_is_smaller_or_faster_anywhere_is_not_dominated() -> None:
    faster = [measured("int8", 1, 1000), measured("int8", 32, 9000)]
    assert judged([*faster, measured("tiny", 1, 500, 10), measured("tiny", 32, 500, 10)]).dominated == {}
    assert judged([*faster, measured("odd", 1, 2000, 1500), measured("odd", 32, 500, 1500)]).dominated == {}


def test_the_front_is_what_nothing_dominates_with_accuracy_and_speed() -> None:
    verdict = judged(
        [
            measured("float32", rows_per_s=1000, size=4000, accuracy=0.98),
            measured("int8", rows_per_s=2700, size=1000, accuracy=0.97),
            measured("int16x8", rows_per_s=100, size=4000, accuracy=0.97),
        ]
    )
    assert [rung.variant for rung in verdict.front] == ["float32", "int8"]
    assert [rung.accuracy.value for rung in verdict.front] == [0.98, 0.97]
    (first, second) = (rung.speed for rung in verdict.front)
    assert first is not None
    assert second is not None
    assert (first.value, second.value) == (1.0, 2.7)
    assert {rung.figure for rung in verdict.front} == {"rows per core-second"}


@given(st.lists(FIGURES, min_size=4, max_size=4))
def test_no_two_variants_dominate_each_other_and_none_that_is_dominated_by_a_candidate_is_recommended(
    figures: list[tuple[float, int, float, float]],
) -> None:
    loads = [
        measured(name, rows_per_s=speed, size=size, accuracy=accuracy, p99_ms=p99)
        for name, (speed, size, accuracy, p99) in zip(NAMES, figures, strict=True)
    ]
    verdict = judged(loads)
    assert all(verdict.dominated.get(better) != worse for worse, better in verdict.dominated.items())
    assert verdict.recommended is not None
    assert verdict.certificates[verdict.recommended].judgement == "no worse"
    rival = verdict.dominated.get(verdict.recommended)
    assert rival is None or verdict.certificates[rival].judgement != "no worse"
