"""The timeline of a load that changes: what became of its requests, moment by moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.percentiles import percentile
from loadtests.measure.summary import Window
from loadtests.workload.arrays import Flags
from loadtests.workload.scenarios import SHED, users_at

MOMENTS = 30


@dataclass(frozen=True)
class Moment:
    """A stretch of a load that changes: `rise` and `spike` yield these."""

    start_s: float
    seconds: float
    users: int
    """At the end of the stretch."""
    offered_per_s: float
    """Requests sent, each second."""
    goodput_per_s: float
    """Answered as promised and in time."""
    late_per_s: float
    """Answered as promised beyond the bound."""
    shed_per_s: float
    """Refused by the service, with 503."""
    failed_per_s: float
    """Any other answer, or none."""
    p99_ms: float | None


def moments(window: Window, scenario: str, most: int, *, bound_ms: float | None) -> tuple[Moment, ...]:
    """Return the moments of a rise or a spike of at most `most` users, earliest first.

    A request belongs to the moment in which it was answered. Answers beyond `bound_ms` are late; without it,
    none is.
    """
    samples = window.samples
    edges = np.linspace(window.start, window.end, MOMENTS + 1)
    latency_ms = (samples.done - samples.scheduled) * 1000
    late = latency_ms > (np.inf if bound_ms is None else bound_ms)
    shed = samples.status == SHED
    found = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        inside, seconds = samples.between(start, end), end - start

        def rate(chosen: Flags, inside: Flags = inside, seconds: float = seconds) -> float:
            return float(np.count_nonzero(inside & chosen) / seconds)

        good = inside & samples.ok
        elapsed = end - samples.spawned
        found.append(
            Moment(
                start_s=start - window.start,
                seconds=seconds,
                users=users_at(scenario, elapsed, window.end - samples.spawned, most),
                offered_per_s=rate(samples.offered(start, end), np.ones(len(samples), np.bool_)),
                goodput_per_s=rate(samples.ok & ~late),
                late_per_s=rate(samples.ok & late),
                shed_per_s=rate(shed),
                failed_per_s=rate(~samples.ok & ~shed),
                p99_ms=percentile(latency_ms[good], 99) if good.any() else None,
            )
        )
    return tuple(found)
