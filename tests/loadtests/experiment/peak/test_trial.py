from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evidence.looks.early_stopping import holds, requests_needed
from loadtests.experiment.peak.trial import is_proof, judge, late_allowed, order_of, seconds_of
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Window
from loadtests.workload.order import Order

ORDER = Order("http://h", "", "m", 1, "int8", 1, "server", 1, 0.0, 0.5, 2.0, 100.0, 0)


@pytest.mark.parametrize("rate", [8.5, 12.0, 20.0, 200.0, 20_000.0])
def test_a_rate_that_can_prove_something_is_tried_for_as_long_as_that_takes(rate: float) -> None:
    seconds = seconds_of(rate, 10.0)
    assert is_proof(rate)
    assert 2.0 <= seconds <= 60.0
    assert holds(int(rate * seconds), 0)
    allowed = late_allowed(rate, seconds)
    assert not holds(int(1.2 * rate * seconds), allowed + 1)


@pytest.mark.parametrize(
    ("rate", "bound_ms", "seconds"), [(5.0, 10.0, 20.0), (5.0, 3000.0, 30.0), (0.1, 10.0, 100.0)]
)
def test_one_that_cannot_is_tried_until_an_overload_would_show_and_may_have_none_late(
    rate: float, bound_ms: float, seconds: float
) -> None:
    assert not is_proof(rate)
    assert seconds_of(rate, bound_ms) == seconds
    assert late_allowed(rate, seconds) == 0
    assert order_of(ORDER, rate, 1, bound_ms).late_max == 0


def test_only_a_trial_that_takes_a_while_is_given_up_early() -> None:
    assert order_of(ORDER, 10_000.0, 1, 10.0).late_max == -1
    assert order_of(ORDER, 20.0, 1, 10.0).late_max >= 3
    assert order_of(ORDER, 20.0, 1, 10.0).late_ms == 10.0
    assert order_of(ORDER, 20.0, 1, 10.0, gives_up=False).late_max == -1


def _window(rate: float, seconds: float, late: int, *, together: bool = False) -> Window:
    recorder = Recorder(1, np.arange(3), is_open=True)
    times = np.arange(0.0, seconds, 1 / rate).tolist()
    apart = 1 if together else len(times) // max(late, 1)
    for index, at in enumerate(times):
        is_late = index % apart == 0 and index // apart < late
        recorder.add(at, at, at, at + (0.5 if is_late else 0.005), 0, 200, b"")
    return Window(recorder.samples(), 0.0, seconds)


def test_what_holds_without_a_proof_says_so() -> None:
    slow = judge(_window(5.0, 20.0, 0), 5.0, 10.0)
    assert (slow.holds, slow.is_proof, slow.late) == (True, False, 0)
    assert not judge(_window(5.0, 20.0, 1), 5.0, 10.0).holds
    assert not judge(_window(5.0, 0.0, 0), 5.0, 10.0).holds  # not one request was drawn
    given_up = _window(5.0, 20.0, 0)
    assert not judge(replace(given_up, samples=replace(given_up.samples, given_up=9.0)), 5.0, 10.0).holds
    quick = judge(_window(100.0, 1.1 * requests_needed(3) / 100, 3), 100.0, 10.0)
    assert (quick.holds, quick.is_proof, quick.late) == (True, True, 3)


def test_requests_that_were_late_in_one_burst_are_one_piece_of_evidence() -> None:
    """3 in one burst of 2,000 are 1 of 667, which proves p99; 6 are 1 of 333, which does not."""
    assert judge(_window(1000.0, 2.0, 3, together=True), 1000.0, 10.0).holds
    assert not judge(_window(1000.0, 2.0, 6, together=True), 1000.0, 10.0).holds
    assert judge(_window(1000.0, 2.0, 6), 1000.0, 10.0).holds
    assert judge(_window(1000.0, 2.0, 0), 1000.0, 10.0).holds
