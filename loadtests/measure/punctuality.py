"""Who was answered in time, and how that changes from one part of a load to the next."""

from __future__ import annotations

import numpy as np

from loadtests.measure.samples import Samples
from loadtests.workload.arrays import Flags, Ints


def in_time(samples: Samples, bound_ms: float | None) -> Flags:
    """Tell which requests were answered as promised, and within the bound where there is one; shape (n,)."""
    latency_ms = (samples.done - samples.scheduled) * 1000
    return samples.ok & (latency_ms <= (np.inf if bound_ms is None else bound_ms))


def counts_by_part(samples: Samples, start: float, end: float, hits: Flags, parts: int) -> tuple[Ints, Ints]:
    """Return how many requests each part of a window is about, and how many of them are `hits`; (parts,).

    The parts are of equal length; `hits` has the shape (n,). See `Samples.measured` for who belongs where.
    """
    chosen = samples.measured(start, end)
    moments = (samples.scheduled if samples.is_open else samples.done)[chosen]
    length = (end - start) / parts
    part = np.minimum(((moments - start) / length).astype(np.int64), parts - 1)
    counted = (np.bincount(part, weights, parts) for weights in (None, hits[chosen]))
    offered, hit = (one.astype(np.int64) for one in counted)
    return offered, hit
