from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.estimate import Estimate
from evidence.shares import wilson
from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import merge
from loadtests.measure.summary import Window, summarise, summarise_all, summarise_windows

ORDER = np.arange(10)


def test_fast_errors_are_no_speed_and_no_accuracy() -> None:
    recorder = Recorder(2, ORDER)
    for turn in range(4):
        recorder.add_answer(turn, turn + 0.5, turn, [])
    for _ in range(1000):
        recorder.add_failure(1.0, 1.001, 0, status=500, reason="status 500")
    summary = summarise(recorder.samples(), 0.0, 4.0)
    assert (summary.answers, summary.failed, summary.failures) == (4, 1000, {"status 500": 1000})
    assert (summary.requests_per_s, summary.rows_per_s) == (1.0, 2.0)
    assert (summary.p50_ms, summary.p99_ms) == (500.0, 500.0)
    assert summary.accuracy is not None
    assert summary.accuracy.value == 1.0


def test_goodput_is_of_what_was_answered_as_promised_and_in_time() -> None:
    recorder = Recorder(1, ORDER)
    for turn, took in enumerate((0.1, 0.1, 0.9, 0.9, 0.1)):
        recorder.add_answer(turn, turn + took, turn, [])
    recorder.add_failure(1.0, 1.001, 0, status=500, reason="status 500")
    samples = recorder.samples()
    bounded = summarise(samples, 0.0, 4.0, bound_ms=500)
    assert (bounded.requests_per_s, bounded.goodput_per_s) == (1.0, 0.5)
    assert summarise(samples, 0.0, 4.0).goodput_per_s == 1.0
    assert summarise(samples, 0.0, 0.0).goodput_per_s == 0.0


def test_only_answers_complete_within_the_window_are_throughput() -> None:
    recorder = Recorder(1, ORDER)
    for done in (0.9, 1.0, 1.5, 2.0):
        recorder.add_answer(done - 0.1, done, 0, [])
    recorder.add_failure(2.0, 2.1, 0, status=500, reason="late")
    summary = summarise(recorder.samples(), 1.0, 2.0)
    assert (summary.requests_per_s, summary.failures) == (2.0, {})


def test_what_was_sent_in_the_window_counts_however_late_it_is_answered_or_given_up() -> None:
    recorder = Recorder(1, ORDER)
    for sent in (0.9, 1.0, 1.5):
        recorder.add_answer(sent, sent + 0.1, 0, [])
    recorder.add_answer(1.9, 3.9, 0, [])
    recorder.add_failure(1.9, 61.9, 0, status=0, reason="no answer (TimeoutError)")
    summary = summarise(recorder.samples(), 1.0, 2.0)
    assert (summary.answers, summary.failures) == (3, {"no answer (TimeoutError)": 1})
    assert summary.p99_ms == pytest.approx(2000.0)
    assert summary.requests_per_s == 3.0  # one of them sent before: as many leave as come


def test_a_row_answered_a_thousand_times_is_one_piece_of_evidence() -> None:
    recorder = Recorder(1, ORDER)
    for turn in range(1000):
        recorder.add_answer(turn, turn + 0.5, turn % 2, [])
    accuracy = summarise_all(recorder.samples()).accuracy
    assert accuracy is not None
    assert accuracy.unique_rows == 2
    assert accuracy.low == pytest.approx(wilson(1.0, 2).low)


def test_accuracy_does_not_depend_on_which_rows_came_round_more_often() -> None:
    recorder = Recorder(1, ORDER)
    for body, times, wrong in ((0, 90, []), (1, 10, [0])):
        for _ in range(times):
            recorder.add_answer(0.0, 1.0, body, wrong)
    accuracy = summarise_all(recorder.samples()).accuracy
    assert accuracy is not None
    assert accuracy.value == 0.5


@given(
    st.lists(st.tuples(st.floats(0, 10), st.booleans(), st.integers(0, 9)), min_size=1, max_size=40),
    st.integers(1, 12),
)
def test_a_summary_agrees_with_counting_by_hand(events: list[tuple[float, bool, int]], rows: int) -> None:
    recorder = Recorder(rows, ORDER)
    seen: dict[int, list[bool]] = {}
    latencies = []
    for sent, wrong, body in events:
        recorder.add_answer(sent, sent * 2, body, [rows - 1] if wrong else [])
        if sent < 5:
            latencies.append((sent * 2 - sent) * 1000)
            for place in range(rows):
                seen.setdefault((body * rows + place) % 10, []).append(not (wrong and place == rows - 1))
    summary = summarise(recorder.samples(), 0.0, 5.0)
    assert summary.answers == len(latencies)
    if latencies:
        assert summary.accuracy is not None
        assert summary.accuracy.value == pytest.approx(np.mean([np.mean(row) for row in seen.values()]))
        assert summary.accuracy.unique_rows == len(seen)
        assert summary.p99_ms == max(latencies)
    else:
        assert (summary.accuracy, summary.p50_ms) == (None, None)


def test_effective_accuracy_counts_each_row_once_as_live_accuracy_does() -> None:
    recorder = Recorder(4, ORDER)  # ten rows: the third body goes on with the first two
    for body, wrong in ((0, [0]), (1, []), (2, [2])):  # of the twice asked rows, one is wrong twice
        recorder.add_answer(body, body + 0.5, body, wrong)
    summary = summarise_all(recorder.samples())
    assert summary.accuracy is not None
    assert summary.effective_accuracy is not None
    assert summary.effective_accuracy.value == summary.accuracy.value == 0.9
    assert summary.effective_accuracy.low == summary.accuracy.low


@given(
    st.lists(st.tuples(st.sampled_from([0.5, 5.0]), st.booleans(), st.integers(0, 9)), min_size=1),
    st.integers(1, 12),
)
def test_effective_accuracy_is_never_above_live_accuracy_and_what_is_late_or_failed_lowers_it(
    events: list[tuple[float, bool, int]], rows: int
) -> None:
    recorder = Recorder(rows, ORDER)
    offered: dict[int, list[bool]] = {}
    for index, (took, fails, body) in enumerate(events):
        if fails:
            recorder.add_failure(index, index + took, body, status=500, reason="status 500")
        else:
            recorder.add_answer(index, index + took, body, [])
        for place in range(rows):
            offered.setdefault((body * rows + place) % 10, []).append(not fails and took == 0.5)
    samples = recorder.samples()
    last = float(samples.done.max()) + 1
    summary = summarise(samples, 0.0, last, bound_ms=1000)
    assert summary.effective_accuracy is not None
    assert summary.effective_accuracy.value == pytest.approx(np.mean([np.mean(x) for x in offered.values()]))
    if summary.accuracy is not None:
        assert summary.effective_accuracy.value <= summary.accuracy.value


def _steady(window: int, *, late: int = 0) -> Window:
    """Return a window of 1 s with 100 requests a second, of which the first so many are answered late."""
    recorder = Recorder(1, np.arange(1000))
    for place in range(100):
        sent = window + (place + 0.25) / 100
        recorder.add_answer(sent, sent + (0.5 if place < late else 0.005), window * 100 + place, [])
    return Window(recorder.samples(), window, window + 1.0)


def _effective(windows: list[Window]) -> Estimate:
    found = summarise_windows(windows, bound_ms=100).effective_accuracy
    assert found is not None
    return found


def test_a_stall_of_one_window_of_nine_is_one_event_and_makes_effective_accuracy_uncertain() -> None:
    stalled = _effective([_steady(index, late=100 if index == 4 else 0) for index in range(9)])
    spread = _effective([_steady(index, late=11) for index in range(9)])
    assert stalled.value == pytest.approx(8 / 9)
    assert stalled.high == 1.0
    assert stalled.low < 0.65  # 900 rows alone would say 0.87
    assert spread.low == pytest.approx(wilson(spread.value, 900).low)


def test_a_stall_in_a_load_of_one_window_or_of_hundreds_is_no_more_than_one_event_either() -> None:
    one = merge([_steady(index, late=100 if index == 2 else 0).samples for index in range(9)])
    assert _effective([Window(one, 0.0, 9.0)]).low < 0.7
    short = [Window(one, start, start + 0.1) for start in (np.arange(90) / 10).tolist()]
    assert _effective(short).low < 0.8


def test_a_p99_of_which_all_that_is_slow_came_in_one_stall_is_not_bounded_by_it() -> None:
    def p99(late: list[int]) -> Estimate:
        found = summarise_windows([_steady(index, late=count) for index, count in enumerate(late)])
        assert found.latency is not None
        return found.latency.p99_ms

    assert p99([2] * 20).high == pytest.approx(500.0)
    assert p99([40] + [0] * 19).high == np.inf  # of 2,000 answers as many are slow


def test_effective_accuracy_is_never_known_more_sharply_than_its_rows_allow() -> None:
    found = _effective([_steady(index) for index in range(9)])
    assert (found.low, found.high) == pytest.approx((wilson(1.0, 900).low, 1.0))


def test_nothing_at_all_is_summarised_as_nothing() -> None:
    summary = summarise_all(Recorder(1, ORDER).samples())
    assert (summary.answers, summary.requests_per_s, summary.accuracy, summary.p99_ms) == (0, 0.0, None, None)


def test_the_generators_processor_time_is_a_share_of_the_window() -> None:
    recorder = Recorder(1, ORDER)
    for time, cpu in ((0.0, 5.0), (1.0, 5.0), (2.0, 5.75), (3.0, 6.5), (4.0, 6.5)):
        recorder.add_usage(time, cpu)
    samples = recorder.samples()
    assert summarise(samples, 1.0, 3.0).generator_cpu == pytest.approx(0.75)
    assert summarise(samples, 1.5, 2.5).generator_cpu == pytest.approx(0.75)
    assert summarise(samples, 3.0, 4.0).generator_cpu == 0.0
    assert summarise(samples, 2.0, 8.0).generator_cpu == pytest.approx(0.375)  # of the part that was watched
    assert summarise(Recorder(1, ORDER).samples(), 0.0, 1.0).generator_cpu is None
