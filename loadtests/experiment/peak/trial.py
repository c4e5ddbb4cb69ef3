"""A trial: one rate tried in an open loop, how long it takes to prove, and the curve that several make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan

from evidence.knee import knee
from evidence.looks.early_stopping import holds, requests_needed
from evidence.windows import design_effect
from loadtests.experiment.checks import LATE_MAX, of_core, of_generator
from loadtests.measure.punctuality import counts_of, in_time, stretch_of
from loadtests.measure.summary import Window, summarise_windows
from loadtests.workload.order import Order

LATE_ALLOWED = 3  # requests that a trial can afford to have late, at the least, unless it is slow:
SECONDS_MAX = 60.0  # of one whose requests are enough to prove something
SECONDS_MIN = 2.0
SECONDS_SHORT = 20.0  # of one that proves nothing, or as long as it takes to see
REQUESTS_MIN = 10  # so many requests, and
BOUNDS_MIN = 10.0  # an overload of 10%, by which time requests wait for as long as is allowed
_GIVEN_UP_FROM_S = 5.0  # shorter trials are carried through
_SPREAD = 1.25  # more requests than expected are improbable in a Poisson process of so many
WARM_UP_S = 0.2
PARTS = 20  # of a trial: more than enough to see how they scatter, each longer than a stall that it can bear


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
    """p99 is within the bound with 99% confidence (early stopping), if `is_proof`; else none was late."""
    is_void: bool
    """The generator did not keep the schedule: this says nothing about the service."""
    is_proof: bool = True
    """There were requests enough to prove that p99 is within the bound. Of a slow service there are not."""


@dataclass(frozen=True)
class Curve:
    """Open loops at rising rates, for a picture."""

    bound_ms: float
    points: tuple[Trial, ...]
    """Lowest rate first."""
    knee: int | None
    """Index of the point beyond which latency climbs faster than throughput; None where none is seen."""


def is_proof(rate: float) -> bool:
    """Tell whether a trial of this rate can prove that p99 is within a bound, in a bearable time."""
    return 1.1 * requests_needed(0) / rate <= SECONDS_MAX


def seconds_of(rate: float, bound_ms: float) -> float:
    """Return how long a rate is tried: as long as the proof takes with a few late, and two seconds.

    Where that would take minutes, fewer may be late; and where even then, the trial proves nothing, but is
    long enough for a lasting overload to show.
    """
    if is_proof(rate):
        return min(max(SECONDS_MIN, 1.1 * requests_needed(LATE_ALLOWED) / rate), SECONDS_MAX)
    return max(SECONDS_SHORT, REQUESTS_MIN / rate, BOUNDS_MIN * bound_ms / 1000)


def late_allowed(rate: float, seconds: float) -> int:
    """Return how many requests may be late in a trial: where more are, it cannot hold any more."""
    late = 0
    while is_proof(rate) and requests_needed(late + 1) <= _SPREAD * rate * seconds:
        late += 1
    return late


def order_of(order: Order, rate: float, seed: int, bound_ms: float, *, gives_up: bool = True) -> Order:
    """Return the order for a trial: that of a window, as an open loop of the trial's rate and seed."""
    seconds = seconds_of(rate, bound_ms)
    return replace(
        order,
        scenario="server",
        rate=rate,
        seed=seed,
        warmup_s=WARM_UP_S,
        duration_s=seconds,
        late_ms=bound_ms,
        late_max=late_allowed(rate, seconds) if gives_up and seconds > _GIVEN_UP_FROM_S else -1,
    )


def judge(window: Window, rate: float, bound_ms: float) -> Trial:
    """Return what came of trying a rate. Whatever was not answered as promised counts as late.

    Requests that are late together, as in a stall, are one piece of evidence: how many that are shows in how
    the parts of the trial scatter. A burst of which a trial can bear the requests is shorter than a part.
    """
    summary = summarise_windows([window], bound_ms=bound_ms)
    late = summary.offered - summary.in_time
    was_given_up = not isnan(window.samples.given_up)
    sent_late = summary.sent_late_p99_ms or 0.0
    burst = _burst(window, bound_ms)
    return Trial(
        rate=rate,
        requests=summary.offered,
        late=late,
        requests_per_s=summary.requests_per_s,
        p50_ms=summary.p50_ms,
        p99_ms=summary.p99_ms,
        effective_accuracy=summary.effective_accuracy.value if summary.effective_accuracy else None,
        holds=not was_given_up
        and (holds(summary.offered, late, burst=burst) if is_proof(rate) else summary.offered > late == 0),
        is_proof=is_proof(rate),
        is_void=any(check.passed is False for check in (of_generator(summary), of_core(summary)))
        or sent_late > LATE_MAX * bound_ms,
    )


def _burst(window: Window, bound_ms: float) -> float:
    """Return how many late requests of a trial tell no more than one."""
    samples = window.measured
    parts = stretch_of(samples, window.start, window.end, PARTS)
    return design_effect(*counts_of(parts, ~in_time(samples, bound_ms)))


def curve_of(trials: Sequence[Trial], bound_ms: float) -> Curve:
    """Return the curve of the rates tried, the last trial of each rate standing for it."""
    points = tuple(
        sorted({one.rate: one for one in trials if not one.is_void}.values(), key=lambda one: one.rate)
    )
    latencies = [float("nan") if one.p99_ms is None else one.p99_ms for one in points]
    return Curve(bound_ms, points, knee([one.rate for one in points], latencies))
