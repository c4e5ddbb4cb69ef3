"""The percentiles of latencies, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from evidence.estimate import Estimate
from evidence.percentiles import percentile_of_ordered
from loadtests.measure.samples import Floats


@dataclass(frozen=True)
class Latency:
    """The percentiles of some latencies, in milliseconds."""

    p50_ms: Estimate
    p90_ms: Estimate
    p95_ms: Estimate
    p99_ms: Estimate

    @classmethod
    def of(cls, seconds: Floats) -> Self:
        """Return the percentiles of latencies in seconds, shape (n,), at least one."""
        ordered = np.sort(seconds) * 1000
        return cls(*(percentile_of_ordered(ordered, percent) for percent in (50, 90, 95, 99)))
