"""The percentiles of latencies, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from evidence.percentiles import percentile_of_ordered
from loadtests.measure.written import OpenEstimate
from loadtests.workload.arrays import Floats

CONFIDENCE = 0.98  # 99% at each end, as early stopping asks: what it has proven, the upper end says as well


@dataclass(frozen=True)
class Latency:
    """The percentiles of some latencies, in milliseconds, with 98% intervals: 99% at each end.

    An end that so few requests cannot tell is infinite: it takes 459 of them for the upper one of p99.
    """

    p50_ms: OpenEstimate
    p90_ms: OpenEstimate
    p95_ms: OpenEstimate
    p99_ms: OpenEstimate

    @classmethod
    def of(cls, seconds: Floats) -> Self:
        """Return the percentiles of latencies in seconds, shape (n,), at least one."""
        ordered = np.sort(seconds) * 1000
        return cls(*(percentile_of_ordered(ordered, percent, CONFIDENCE) for percent in (50, 90, 95, 99)))
