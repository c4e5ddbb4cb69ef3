from __future__ import annotations

import numpy as np
import pytest

from loadtests.experiment.timeline import MOMENTS, moments
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Window


def test_each_moment_counts_what_was_in_time_late_shed_and_failed() -> None:
    recorder = Recorder(1, np.arange(10))
    recorder.spawned = 0.0
    recorder.add(0.10, 0.10, 0.10, 0.15, 0, 200, b"")
    recorder.add(0.10, 0.10, 0.10, 0.50, 0, 200, b"")
    recorder.add(0.20, 0.20, 0.20, 0.25, 0, 503, b"")
    recorder.add(1.10, 1.10, 1.10, 1.20, 0, 500, b"")
    window = Window(recorder.samples(), 0.0, float(MOMENTS))  # a second each
    first, second, *rest = moments(window, "spike", 100, bound_ms=100.0)
    assert (first.goodput_per_s, first.late_per_s, first.shed_per_s, first.failed_per_s) == (1, 1, 1, 0)
    assert (first.offered_per_s, first.start_s, first.users) == (3, 0.0, 10)
    assert first.p99_ms == pytest.approx(400.0)
    assert (second.failed_per_s, second.goodput_per_s, second.p99_ms) == (1, 0, None)
    assert sum(one.offered_per_s for one in rest) == 0
    assert max(one.users for one in rest) == 100
    assert sum(one.late_per_s for one in moments(window, "spike", 100, bound_ms=None)) == 0
