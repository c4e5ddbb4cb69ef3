"""Exact percentiles of raw latencies, each with an interval that assumes no distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.stats import binom

from loadtests.workload.arrays import Floats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Bounded:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Latency:
    """The percentiles of some latencies, in milliseconds."""

    p50_ms: Bounded
    p90_ms: Bounded
    p95_ms: Bounded
    p99_ms: Bounded

    @classmethod
    def of(cls, seconds: Floats) -> Self:
        """Return the percentiles of latencies in seconds, shape (n,), at least one."""
        ordered = np.sort(seconds) * 1000
        return cls(*(bounded(ordered, percent) for percent in (50, 90, 95, 99)))


def bounded(ordered: Floats, percent: int) -> Bounded:
    """Return the nearest-rank percentile of ascending samples, shape (n,), between two of the samples.

    The number of samples below the true percentile is binomial, whatever the distribution, so two ranks hold
    it with 95% confidence (the order-statistic interval: David and Nagaraja, Order Statistics, 2003, 7.1).
    Where so few samples cannot bound it from above, the largest stands for what cannot be known. It takes
    the samples for independent, which those of one stall are not: intervals of rounds are wider, and truer.
    """
    size = len(ordered)
    rank = max(1, -(-percent * size // 100))
    tail = (1 - CONFIDENCE) / 2
    low = int(binom.ppf(tail, size, percent / 100))
    high = int(binom.ppf(1 - tail, size, percent / 100)) + 1
    value = float(ordered[rank - 1])
    return Bounded(
        value, min(value, float(ordered[max(low, 1) - 1])), max(value, float(ordered[min(high, size) - 1]))
    )
