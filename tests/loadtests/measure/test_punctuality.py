from __future__ import annotations

import numpy as np
import pytest

from loadtests.measure.punctuality import counts_of, in_time, stretch_of
from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import Samples

ORDER = np.arange(10)


def _samples(*, is_open: bool) -> Samples:
    """Return requests that come at 0, 1, 2 and 3 s, of which the second takes 2.5 s, the last fails."""
    recorder = Recorder(1, ORDER, is_open=is_open)
    for at, took in enumerate((0.5, 2.5, 0.5, 0.5)):
        recorder.add(at, at, at, at + took, 0, 500 if at == 3 else 200, b"")
    return recorder.samples()


def test_what_failed_was_not_in_time_and_without_a_bound_nothing_else_is_late() -> None:
    samples = _samples(is_open=True)
    order = np.argsort(samples.scheduled)
    assert in_time(samples, None)[order].tolist() == [True, True, True, False]
    assert in_time(samples, 1000)[order].tolist() == [True, False, True, False]


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
def test_a_request_counts_where_it_was_to_be_sent_however_late_it_was_answered(is_open: bool) -> None:
    samples = _samples(is_open=is_open)
    stretches = stretch_of(samples, 0.0, 4.0, 2)
    counts = counts_of(stretches, in_time(samples, 1000))
    assert [one.tolist() for one in counts] == [[1, 1], [2, 2]]
