"""What one subject did in one round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """How many requests (or calls) in how many seconds, and how long half and nearly all of them took."""

    count: int
    seconds: float
    p50_us: float
    p99_us: float

    @property
    def per_s(self) -> float:
        return self.count / self.seconds

    @property
    def each_us(self) -> float:
        """The time that one takes where the core has nothing else to do: one over the throughput."""
        return 1e6 * self.seconds / self.count


Subject = Callable[[int], Sample]
"""Whatever can be measured for so many seconds."""
