"""One rate tried in an open loop: how long it takes to prove, and what came of it."""

from __future__ import annotations

from dataclasses import replace

from evidence.early_stopping import holds, requests_needed
from loadtests.experiment.checks import LATE_MAX, of_core, of_generator
from loadtests.experiment.result import Trial
from loadtests.experiment.search import Attempt
from loadtests.measure.summary import Window, summarise_windows
from loadtests.workload.order import Order

LATE_ALLOWED = 3  # requests that a trial can afford to have late, at the least
SECONDS_MIN = 2.0
WARM_UP_S = 0.2


def seconds_of(rate: float) -> float:
    """Return how long a rate is tried: as long as the proof takes with a few late, and two seconds."""
    return max(SECONDS_MIN, 1.1 * requests_needed(LATE_ALLOWED) / rate)


def order_of(order: Order, attempt: Attempt) -> Order:
    """Return the order for an attempt: that of a round, as an open loop of the attempt's rate and seed."""
    return replace(
        order,
        scenario="server",
        rate=attempt.rate,
        seed=attempt.seed,
        warmup_s=WARM_UP_S,
        duration_s=seconds_of(attempt.rate),
    )


def judge(window: Window, rate: float, bound_ms: float) -> Trial:
    """Return what came of an attempt. Whatever was not answered as promised counts as late."""
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
