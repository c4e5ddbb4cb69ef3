from __future__ import annotations

import numpy as np
import pytest

from loadtests.experiment.rounds import rounds_of, thirds
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Window


def _window(start: float, answers: int, latency_s: float) -> Window:
    """Return three seconds of a load with so many answers, evenly spread."""
    recorder = Recorder(4, np.arange(8))
    for done in np.linspace(start, start + 3.0, answers, endpoint=False).tolist():
        recorder.add_answer(done - latency_s, done, 0, [])
    return Window(recorder.samples(), start, start + 3.0)


def test_a_round_is_what_its_own_window_came_to() -> None:
    first, second = rounds_of([_window(100.0, 300, 0.010), _window(110.0, 600, 0.005)], bound_ms=7.0)
    assert (first.index, first.started_s, first.seconds) == (0, 0.0, 3.0)
    assert (second.index, second.started_s, second.seconds) == (1, 10.0, 3.0)
    assert (first.requests_per_s, first.rows_per_s) == (100.0, 400.0)
    assert second.requests_per_s == 200.0
    assert first.p50_ms == pytest.approx(10.0)
    assert second.p99_ms == second.uncorrected_p99_ms == pytest.approx(5.0)
    assert (first.effective_accuracy, second.effective_accuracy) == (0.0, 1.0)


def test_a_window_cut_into_thirds_is_covered_without_a_gap() -> None:
    window = _window(100.0, 300, 0.010)
    parts = thirds(window)
    assert [(one.start, one.end) for one in parts] == [(100.0, 101.0), (101.0, 102.0), (102.0, 103.0)]
    assert [one.requests_per_s for one in rounds_of(parts, None)] == [100.0] * 3
