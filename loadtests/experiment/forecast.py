"""How long a run takes, told before it has begun, and what of it is in vain."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from loadtests.experiment import trial
from loadtests.experiment.checks import ANSWERS_FEW
from loadtests.experiment.peaks import PROFILE
from loadtests.experiment.plan import Plan
from loadtests.system import audits, probe
from loadtests.workload.scenarios import CLOSED, OPEN

FAR_LONGER = 1.5  # than announced: that is worth a word
_BETWEEN_S = 0.3  # two rounds: the samples are written, and read again
_ATTEMPTS = 16  # of all searches for one peak, about
_ANSWERS_ENOUGH = 2 * ANSWERS_FEW


def seconds_of(plan: Plan, request_s: Mapping[str, float], *, waiting: int = 1) -> float:
    """Return how long the run takes about, from the seconds that one request takes each variant.

    So many requests are `waiting` in a service when a round is over, which it answers one after the other.
    """
    each = [
        audits.seconds_for(took)
        + len(plan.rows) * (probe.seconds_for(took) + plan.turns * seconds_of_round(plan, took, waiting))
        + len(plan.rows) * _seconds_of_searches(plan, took)
        for took in request_s.values()
    ]
    return sum(each)


def seconds_of_round(plan: Plan, request_s: float, waiting: int = 1) -> float:
    """Return how long a round takes about; the service is asked once more when it has dealt with the last."""
    schedule = plan.schedule
    return schedule.warmup_s + schedule.duration_s / plan.turns + (1 + waiting) * request_s + _BETWEEN_S


def warnings(plan: Plan, request_s: Mapping[str, float]) -> list[str]:
    """Say which variants are too slow for rounds that are so short, what would do, and what may last."""
    round_s = plan.schedule.duration_s / plan.turns
    worst_s = seconds_of(plan, request_s, waiting=plan.users)
    is_far = plan.scenario.kind != OPEN and worst_s > FAR_LONGER * seconds_of(plan, request_s)
    worst = f"it takes up to {in_words(worst_s)} where a service answers one request at a time"
    return [worst] * is_far + [
        f"{name}: one request takes {took:.2g} s and a round measures {round_s:.2g} s, which is too short to "
        f"tell anything: give --duration {ceil(plan.turns * _ANSWERS_ENOUGH * took)}, or fewer --rounds"
        for name, took in request_s.items()
        if plan.scenario.kind == CLOSED and round_s < ANSWERS_FEW * took
    ]


def in_words(seconds: float) -> str:
    """Return `45 s`, `2 min 5 s` or `1 h 10 min`."""
    whole = ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _seconds_of_searches(plan: Plan, request_s: float) -> float:
    """Return how long the searches for one peak take about, if it is what single requests come to."""
    if not plan.searches or plan.bound_ms is None or 1000 * request_s > plan.bound_ms:
        return 0.0
    once = trial.seconds_of(plan.rate or 1 / request_s, plan.bound_ms) + 2 * request_s + _BETWEEN_S
    return (_ATTEMPTS + (len(PROFILE) if plan.profile else 0)) * once
