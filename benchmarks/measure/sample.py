"""What one subject did in one round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from evidence.percentiles import percentile


@dataclass(frozen=True)
class Sample:
    """How many requests (or calls) in how many seconds, and how long half and nearly all of them took."""

    count: int
    seconds: float
    p50_us: float
    p99_us: float
    load_cpu: float | None = None
    """Share of its core that the sender of the requests used; None where nobody sends, or it does not say."""
    server_s: float | None = None
    """Processor time of the server and all it has started, or of what was called alone; None where nobody
    looked."""

    @classmethod
    def of(cls, durations: Sequence[float], seconds: float, load_cpu: float | None = None) -> Self:
        """Return the sample of requests, at least one, that took so many seconds each, and all so long."""
        took_us = np.array(durations, np.float64) * 1e6
        return cls(len(took_us), seconds, percentile(took_us, 50), percentile(took_us, 99), load_cpu)

    @property
    def per_s(self) -> float:
        return self.count / self.seconds

    @property
    def each_us(self) -> float:
        """The time that one takes where the core has nothing else to do: one over the throughput."""
        return 1e6 * self.seconds / self.count

    @property
    def processor_us(self) -> float:
        """The server's processor time a request. Raises ValueError where nobody looked."""
        if self.server_s is None:
            raise ValueError("the server's processor time was not read")
        return 1e6 * self.server_s / self.count


Subject = Callable[[float], Sample]
"""Whatever can be measured for so many seconds."""
