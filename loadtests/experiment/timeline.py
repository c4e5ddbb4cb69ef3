"""A load that changes, cut into moments."""

from __future__ import annotations

import numpy as np

from evidence.percentiles import percentile
from loadtests.experiment.result import Moment
from loadtests.measure.summary import Window
from loadtests.workload.arrays import Flags
from loadtests.workload.scenarios import users_at

MOMENTS = 30
SHED = 503


def moments(window: Window, scenario: str, most: int, *, bound_ms: float | None) -> tuple[Moment, ...]:
    """Return the moments of a ramp or a spike of at most `most` users, earliest first.

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
