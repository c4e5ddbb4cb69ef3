"""Which operation gives up precision next: whatever harms least for what it saves.

The costs and harms of an operation's settings are taken one operation at a time, and added up as if they did
not bear on each other. That orders the plans, from all in float32 to the cheapest; which of them holds a
budget is tried, and not added up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """What one setting of one operation comes to, all else being equal."""

    cost: float
    harm: float


@dataclass(frozen=True)
class Step:
    """One operation goes over to another of its settings."""

    operation: int
    setting: int
    slope: float
    """Harm for each unit of cost that is saved."""


def steps(offers: Sequence[Sequence[Offer]]) -> list[Step]:
    """Return the steps from every operation's first setting to its cheapest, those that harm least first.

    `offers` are the settings of each operation. Of each operation only the settings count that no other one,
    or mixture of two, makes cheaper at no more harm; so its steps harm more and more, and stay in order.
    """
    found = [step for place, of in enumerate(offers) for step in _steps_of(place, of)]
    return sorted(found, key=lambda step: step.slope)  # it keeps the order of equals


def _steps_of(place: int, offers: Sequence[Offer]) -> list[Step]:
    found, here = [], 0
    while cheaper := [index for index, offer in enumerate(offers) if offer.cost < offers[here].cost]:
        slopes = {index: _slope(offers[here], offers[index]) for index in cheaper}
        if free := [index for index in cheaper if slopes[index] <= 0]:
            here = min(free, key=lambda index: (offers[index].harm, offers[index].cost))
        else:  # the cheapest of equals: whatever lies between harms as much for what it saves
            here = min(cheaper, key=lambda index: (slopes[index], offers[index].cost))
        found.append(Step(place, here, slopes[here]))
    return found


def _slope(this: Offer, other: Offer) -> float:
    return (other.harm - this.harm) / (this.cost - other.cost)


def after(first: Sequence[int], taken: Sequence[Step]) -> tuple[int, ...]:
    """Return the setting of each operation after these steps."""
    plan = list(first)
    for step in taken:
        plan[step.operation] = step.setting
    return tuple(plan)


def furthest(count: int, holds: Callable[[int], bool]) -> int:
    """Return how many of `count` steps can be taken, by halves: it holds after them, and not after one more.

    After none it holds, which is not asked.
    """
    held, lost = 0, count + 1
    while lost - held > 1:
        middle = (held + lost) // 2
        held, lost = (middle, lost) if holds(middle) else (held, middle)
    return held


def taken_besides(
    taken: Sequence[Step], left: Sequence[Step], holds: Callable[[Sequence[Step]], bool], tries: int
) -> list[Step]:
    """Try to take more, one of the steps that are `left` after the other, and keep those with which it holds.

    A further step of an operation is only tried where the one before it was kept.
    """
    kept, refused = list(taken), set()
    for step in left:
        if tries == 0:
            break
        if step.operation in refused:
            continue
        tries -= 1
        if holds([*kept, step]):
            kept.append(step)
        else:
            refused.add(step.operation)
    return kept


def as_cheap(costs: Sequence[float], alike: float) -> list[int]:
    """Return the places of the least of some costs, and of those that are at most `alike` times that."""
    return [place for place, cost in enumerate(costs) if cost <= min(costs) * alike]
