"""What one subject did in one round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Self


@dataclass(frozen=True)
class Sample:
    """How many requests (or calls) in how many seconds, and how long half and nearly all of them took."""

    count: int
    seconds: float
    p50_us: float
    p99_us: float
    load_cpu: float | None = None
    """Share of its core that the sender of the requests used; None where nobody sends, or it does not say."""

    @classmethod
    def of(cls, durations: Sequence[float], seconds: float, load_cpu: float | None = None) -> Self:
        """Return the sample of requests, at least one, that took so many seconds each, and all so long."""
        several = durations if len(durations) > 1 else [*durations, *durations]  # `quantiles` wants two
        percentiles = quantiles(several, n=100, method="inclusive")
        return cls(len(durations), seconds, percentiles[49] * 1e6, percentiles[98] * 1e6, load_cpu)

    @property
    def per_s(self) -> float:
        return self.count / self.seconds

    @property
    def each_us(self) -> float:
        """The time that one takes where the core has nothing else to do: one over the throughput."""
        return 1e6 * self.seconds / self.count


Subject = Callable[[int], Sample]
"""Whatever can be measured for so many seconds."""
