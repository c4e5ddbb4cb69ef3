"""Says of every option why it was not chosen, in words, for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.engine.choice import Bounds, Choice, Option


@dataclass(frozen=True)
class Candidate:
    """What is known of an option for some rows."""

    option: Option
    cost_us: float
    """What the rows hardly ever take longer than, once it is their turn."""
    waiting_us: float
    why_not: str | None
    """Why it was not chosen; None for the one that was."""


def weigh(options: Sequence[Option], rows: int, bounds: Bounds, chosen: Choice | None) -> list[Candidate]:
    """Return what is known of each option, in their order."""
    other = None if chosen is None else chosen.option
    return [_candidate(one, rows, bounds, other) for one in options]


def told(candidates: Sequence[Candidate]) -> str:
    """Return why none of those was chosen that were not."""
    return "; ".join(f"{one.option.variant}: {one.why_not}" for one in candidates if one.why_not)


def _candidate(option: Option, rows: int, bounds: Bounds, chosen: Option | None) -> Candidate:
    runner = option.runner
    cost_us, waiting_us = runner.cost_us(rows), runner.waiting_us(rows)
    why_not = None
    if chosen is None or option.variant != chosen.variant:
        why_not = _why_unfit(option, runner.least_us(rows), cost_us, waiting_us, bounds)
        why_not = why_not or _why_another(option, bounds, chosen)
    return Candidate(option, cost_us, waiting_us, why_not)


def _why_unfit(
    option: Option, least_us: float, cost_us: float, waiting_us: float, bounds: Bounds
) -> str | None:
    """Return which bound an option does not hold, None where it holds all."""
    if option.accuracy_low < bounds.floor:
        return f"its accuracy may be as low as {option.accuracy_low:.4f}"
    if least_us > bounds.budget_us:
        return f"it takes {_ms(least_us)} at the least"
    if cost_us + waiting_us > bounds.budget_us:
        return f"it may wait {_ms(waiting_us)} and take {_ms(cost_us)}"
    return None


def _why_another(option: Option, bounds: Bounds, chosen: Option | None) -> str:
    """Return what speaks for the one that was chosen, where both hold the bounds."""
    if chosen is None:
        return "it could do now"
    if bounds.objective == "latency":
        return f"it is no quicker than {chosen.variant}"
    if option.accuracy_low <= chosen.accuracy_low:
        return f"it is no more accurate than {chosen.variant}"
    return "it would keep too many waiting under this load"


def _ms(us: float) -> str:
    return f"{us / 1e3:.3g} ms"
