"""Makes windows of rising rates, as a run has sent them."""

from __future__ import annotations

import numpy as np

from loadtests.experiment.steps.step import Sent
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Window
from loadtests.protocol.marking import Mark

BOUND_MS = 20.0
REQUESTS = 40  # of a window of a second, with two rows each


def sent(
    ends: str, *, place: int = 0, seed: int = 0, chosen: str = "", reason: str = "", is_void: bool = False
) -> Sent:
    """Return a window whose requests ended as the letters say, in turn again and again.

    `r`: both rows right and in time. `w`: one of them wrong. `l`: late. `s`: shed. `x`: expired. `f`: failed.
    """
    recorder = Recorder(2, np.arange(4), lambda body, status, content: _mark(content, chosen), is_open=True)
    for index in range(REQUESTS):
        end, at = ends[index % len(ends)], 10.0 + index / REQUESTS
        done = at + (0.05 if end == "l" else 0.005)
        status = {"s": 503, "x": 504, "f": 500}.get(end, 200)
        recorder.add(at, at, at, done, 0, status, end.encode(), reason)
    window = Window(recorder.samples(), 10.0, 11.0)
    return Sent(seed, place, 0.1 * (place + 1), REQUESTS * (place + 1.0), window, is_void)


def _mark(content: bytes, chosen: str) -> Mark:
    return Mark((0,) if content == b"w" else (), variant=chosen)
