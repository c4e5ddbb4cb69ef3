"""The percentiles of latencies, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from evidence.percentiles import percentile, percentile_of_ordered
from evidence.windows import design_effect
from loadtests.measure.punctuality import counts_of
from loadtests.measure.written import OpenEstimate
from loadtests.workload.arrays import Floats, Ints

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
    def of(cls, seconds: Floats, stretches: Ints | None = None) -> Self:
        """Return the percentiles of latencies in seconds, shape (n,), at least one.

        `stretches`, of the same shape, is the stretch of the load that each is of, from 0 on: latencies that
        are long together, as in a stall, are one piece of evidence.
        """
        known = np.zeros(len(seconds), np.int64) if stretches is None else stretches
        ordered_ms = np.sort(seconds) * 1000
        found = []
        for percent in (50, 90, 95, 99):
            burst = design_effect(*counts_of(known, seconds >= percentile(seconds, percent)))
            found.append(percentile_of_ordered(ordered_ms, percent, CONFIDENCE, burst=burst))
        return cls(*found)
