"""A trial: one rate tried in an open loop, how long it takes to prove, and the curve that several make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evidence.early_stopping import holds, requests_needed
from evidence.knee import knee
from loadtests.experiment.checks import LATE_MAX, of_core, of_generator
from loadtests.measure.summary import Window, summarise_windows
from loadtests.workload.order import Order

LATE_ALLOWED = 3  # requests that a trial can afford to have late, at the least
SECONDS_MIN = 2.0
WARM_UP_S = 0.2


@dataclass(frozen=True)
class Trial:
    """One rate that was tried in an open loop: a point of the curve, and a step of the search for a peak."""

    rate: float
    """Requests a second that were scheduled."""
    requests: int
    late: int
    """How many were answered beyond the bound, or not as promised."""
    requests_per_s: float
    """Answered as promised."""
    p50_ms: float | None
    p99_ms: float | None
    effective_accuracy: float | None
    holds: bool
    """Proven: p99 is within the bound with 99% confidence (early stopping)."""
    is_void: bool
    """The generator did not keep the schedule: this says nothing about the service."""


@dataclass(frozen=True)
class Curve:
    """Open loops at rising rates, for a picture."""

    bound_ms: float
    points: tuple[Trial, ...]
    """Lowest rate first."""
    knee: int | None
    """Index of the point beyond which latency climbs faster than throughput; None where none is seen."""


def seconds_of(rate: float) -> float:
    """Return how long a rate is tried: as long as the proof takes with a few late, and two seconds."""
    return max(SECONDS_MIN, 1.1 * requests_needed(LATE_ALLOWED) / rate)


def order_of(order: Order, rate: float, seed: int) -> Order:
    """Return the order for a trial: that of a round, as an open loop of the trial's rate and seed."""
    return replace(
        order,
        scenario="server",
        rate=rate,
        seed=seed,
        warmup_s=WARM_UP_S,
        duration_s=seconds_of(rate),
    )


def judge(window: Window, rate: float, bound_ms: float) -> Trial:
    """Return what came of trying a rate. Whatever was not answered as promised counts as late."""
    summary = summarise_windows([window], bound_ms=bound_ms)
    late = summary.offered - summary.in_time
    sent_late = summary.sent_late_p99_ms or 0.0
    return Trial(
        rate=rate,
        requests=summary.offered,
        late=late,
        requests_per_s=summary.requests_per_s,
        p50_ms=summary.p50_ms,
        p99_ms=summary.p99_ms,
        effective_accuracy=summary.effective_accuracy.value if summary.effective_accuracy else None,
        holds=holds(summary.offered, late),
        is_void=any(check.passed is False for check in (of_generator(summary), of_core(summary)))
        or sent_late > LATE_MAX * bound_ms,
    )


def curve_of(trials: Sequence[Trial], bound_ms: float) -> Curve:
    """Return the curve of the rates tried, the last trial of each rate standing for it."""
    points = tuple(
        sorted({one.rate: one for one in trials if not one.is_void}.values(), key=lambda one: one.rate)
    )
    latencies = [float("nan") if one.p99_ms is None else one.p99_ms for one in points]
    return Curve(bound_ms, points, knee([one.rate for one in points], latencies))
