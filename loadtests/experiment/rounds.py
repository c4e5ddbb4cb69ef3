"""A round: one of the turns in which a variant was measured, and what its window came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loadtests.measure.summary import Window, summarise_windows


@dataclass(frozen=True)
class Round:
    """One of the turns in which a variant was measured. Turns of equal index stood side by side.

    The interval of a ratio between two variants comes from these: ratio the figures of each index, and see
    how the ratios scatter.
    """

    index: int
    started_s: float
    """Seconds after the first round of the run began."""
    seconds: float
    requests_per_s: float
    rows_per_s: float
    p50_ms: float | None
    p99_ms: float | None
    """Of the latency from the scheduled moment, where there is one; None where nothing was answered."""
    uncorrected_p99_ms: float | None
    effective_accuracy: float | None
    generator_cpu: float | None


def rounds_of(windows: Sequence[Window], bound_ms: float | None) -> tuple[Round, ...]:
    """Return the figures of each window, in the order of measuring."""
    found = []
    for index, window in enumerate(windows):
        one = summarise_windows([window], bound_ms=bound_ms)
        found.append(
            Round(
                index=index,
                started_s=window.start - windows[0].start,
                seconds=one.seconds,
                requests_per_s=one.requests_per_s,
                rows_per_s=one.rows_per_s,
                p50_ms=one.p50_ms,
                p99_ms=one.p99_ms,
                uncorrected_p99_ms=one.uncorrected.p99_ms.value if one.uncorrected else None,
                effective_accuracy=one.effective_accuracy.value if one.effective_accuracy else None,
                generator_cpu=one.generator_cpu,
            )
        )
    return tuple(found)


def thirds(window: Window) -> list[Window]:
    """Cut a window into three, for a run of a single round."""
    edges = np.linspace(window.start, window.end, 4).tolist()
    return [Window(window.samples, start, end) for start, end in pairwise(edges)]
