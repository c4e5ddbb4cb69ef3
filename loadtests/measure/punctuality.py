"""Who was answered in time, and in which stretch of a load: what befalls one stretch befalls all in it."""

from __future__ import annotations

import numpy as np

from evidence.windows import Counts
from loadtests.measure.samples import Samples
from loadtests.workload.arrays import Flags, Ints


def in_time(samples: Samples, bound_ms: float | None) -> Flags:
    """Tell which requests were answered as promised, and within the bound where there is one; shape (n,)."""
    latency_ms = (samples.done - samples.scheduled) * 1000
    return samples.ok & (latency_ms <= (np.inf if bound_ms is None else bound_ms))


def stretch_of(samples: Samples, start: float, end: float, count: int) -> Ints:
    """Return in which of `count` equal stretches of a window, from 0 on, each sample belongs; shape (n,).

    That is the one in which it was to be sent; see `Samples.measured`. The window must be about all of the
    samples.
    """
    return np.minimum((samples.scheduled - start) / (end - start) * count, count - 1).astype(np.int64)


def counts_of(stretches: Ints, chosen: Flags) -> tuple[Counts, Counts]:
    """Return how many samples of each stretch are `chosen`, and how many there are; shapes (stretches,)."""
    every = np.bincount(stretches)
    return np.bincount(stretches[chosen], minlength=len(every)).astype(np.int64), every.astype(np.int64)
