"""Which load has its turn when, and for how long: many short turns, in an order drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ANSWERS_ENOUGH = 10  # of one user, in a turn


@dataclass(frozen=True)
class Slot:
    """A turn to come: the place of its load, its round, and for how long requests are sent."""

    load: int
    round: int
    seconds: float
    planned_s: float = 0.0
    """How long it takes about, with what is out when its seconds are over."""


def seconds_of_turns(budget_s: float, blocks: int, start_s: float) -> float:
    """Return how long the turns of a block take together, where the services take `start_s` to start.

    A budget holds so many blocks; but no more than a third of the time goes into starting the services, as
    long as the budget holds two blocks.
    """
    return max(budget_s / blocks - start_s, min(2 * start_s, budget_s / 2))


def lengths(cycles_s: Sequence[float], *, least_s: float, block_s: float) -> list[float]:
    """Return for how long each load sends in a turn: ten requests of a user, and `least_s` at the least.

    `cycles_s` are the seconds from one request of a user to the next. Slow loads get as much as their share
    of a block of `block_s`, however few answers a user then gets: no figure is wrong for it.
    """
    share = block_s / len(cycles_s)
    return [max(least_s, min(ANSWERS_ENOUGH * cycle, share)) for cycle in cycles_s]


def draw(
    groups: Sequence[Sequence[int]],
    lengths_s: Sequence[float],
    cycles_s: Sequence[float],
    *,
    block_s: float,
    seed: int,
) -> list[Slot]:
    """Return the turns of a block, as many rounds as fit into `block_s`, and one at the least.

    What is out when a turn ends takes about as long as one request of a user more. In a round every load has
    one turn. Those of a group, which are compared with each other, stand side by side; groups and turns come
    in an order that is drawn anew for each round.
    """
    random = np.random.default_rng(seed)
    planned = [max(length, cycle) + cycle for length, cycle in zip(lengths_s, cycles_s, strict=True)]
    rounds = max(1, int(block_s / sum(planned[load] for group in groups for load in group)))
    return [
        Slot(int(load), index, lengths_s[load], planned[load])
        for index in range(rounds)
        for group in random.permutation(len(groups))
        for load in random.permutation(groups[group])
    ]
