"""How long a run takes, told before it has begun, and what of it is in vain."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from loadtests.experiment.peak import trial
from loadtests.experiment.peak.peaks import PROFILE
from loadtests.experiment.plan import Plan
from loadtests.experiment.rounds.schedule import ANSWERS_ENOUGH
from loadtests.system import audits, probe
from loadtests.workload.scenarios import CLOSED, SHAPED, SHARES, STEPPED

_BETWEEN_S = 0.3  # two trials: the samples are written, and read again
_ATTEMPTS = 16  # of all searches for one peak, about


def seconds_of(plan: Plan, request_s: Mapping[str, float]) -> float:
    """Return how long the run takes at most, about, from the seconds that one request takes each variant."""
    loads = len(plan.rows) * len(request_s)
    before = [
        audits.seconds_for(took)
        + len(plan.rows) * (probe.seconds_for(took) + _seconds_of_searches(plan, took))
        for took in request_s.values()
    ]
    kind, schedule = plan.scenario.kind, plan.schedule
    if kind == STEPPED:
        each_s = schedule.duration_s + len(SHARES) * (schedule.warmup_s + _BETWEEN_S)
        return sum(before) + loads * schedule.seeds * each_s
    return sum(before) + (loads * schedule.duration_s if kind == SHAPED else schedule.budget_s)


def warnings(plan: Plan, request_s: Mapping[str, float]) -> list[str]:
    """Say which variants are too slow for turns of a few answers a user to fit into the budget.

    And of rates that go up, that a budget bounds nothing.
    """
    if plan.scenario.kind == STEPPED and seconds_of(plan, request_s) > plan.schedule.budget_s:
        told = f"the {in_words(plan.schedule.budget_s)} of --budget do not bound a {plan.scenario_name}"
        return [f"{told}: give a shorter --duration or --warmup, or fewer --seeds, --rows or --variants"]
    if plan.scenario.kind != CLOSED:
        return []
    turn_s = plan.schedule.budget_s / plan.schedule.blocks / len(plan.rows) / len(request_s)
    return [
        f"{name}: one request takes {took:.2g} s, and {in_words(turn_s)} is the longest turn that the budget "
        "has room for: its users get few answers in each; give a larger --budget, or fewer --variants"
        for name, took in request_s.items()
        if turn_s < ANSWERS_ENOUGH * took
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
