"""The chooser under load, in simulated time: how many get a right answer in time, and how steady it is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from service.engine.choice import Choice, Chooser, Option
from service.engine.ladder.ladder import Ladder
from service.engine.policy import Policy
from service.wire.wish import Wish
from tests.service.engine.ladder.simulated import Rung, Served, Simulated, poisson, right_in_time, simulate

RUNGS = [
    Rung("float32", 0.8826, 12.0),
    Rung("int8", 0.8790, 3.3),
    Rung("narrow", 0.870, 1.5),
    Rung("narrower", 0.855, 0.8),
]
WITHIN_S = 0.02
WISH = Wish(max_latency_ms=WITHIN_S * 1e3)


class Pinned:
    """Chooses the same variant for all."""

    policy = Policy()

    def __init__(self, option: Option) -> None:
        self.carrier = option

    def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
        return self.carrier.choice("pinned"), 0.0


class Auto:
    """Makes the chooser, with the world's clock, and keeps it, and where requests began at each choice."""

    def __init__(self) -> None:
        self.levels: list[tuple[float, str]] = []

    def __call__(self, options: Sequence[Option], policy: Policy) -> Chooser:
        runner = options[0].runner
        assert isinstance(runner, Simulated)
        world, levels = runner.world, self.levels

        class Noted(Ladder):
            def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
                try:
                    return super().choose(rows, wish, waited_us)
                finally:
                    levels.append((world.now, self.start.variant))

        return Noted(options, policy, clock=lambda: world.now)

    @property
    def changes(self) -> list[float]:
        """When the level changed."""
        return [at for (_, one), (at, other) in pairwise(self.levels) if one != other]


def pinned(name: str, arrivals: Sequence[float]) -> float:
    def make(options: Sequence[Option], policy: Policy) -> Chooser:
        return Pinned(next(one for one in options if one.variant == name))

    return right(simulate(RUNGS, arrivals, make, WISH))


def right(served: Sequence[Served]) -> float:
    """Return the share that is right and in time, but for the moment in which the load came from nothing."""
    return right_in_time([one for one in served if one.at > 0.3], RUNGS, WITHIN_S)


def in_time(served: Sequence[Served]) -> float:
    return sum(one.variant is not None and one.took_s <= WITHIN_S for one in served) / len(served)


@pytest.mark.parametrize("rate", [300, 1000, 1500, 2400, 3500, 4200, 4400])
def test_as_many_are_right_in_time_as_with_the_best_variant_for_that_load_or_more(rate: int) -> None:
    arrivals = poisson(rate, 1.5, seed=rate)
    auto = right(simulate(RUNGS, arrivals, Auto(), WISH))
    assert auto > max(pinned(rung.name, arrivals) for rung in RUNGS) - 0.005


def test_rising_load_is_taken_down_the_ladder_and_falling_load_up_again() -> None:
    rates = [300, 1500, 3500, 1500, 300]
    auto, arrivals = Auto(), [at for n, rate in enumerate(rates) for at in poisson(rate, 1.5, n, n * 1.5)]
    served = simulate(RUNGS, arrivals, auto, WISH)
    accuracy = {rung.name: rung.accuracy for rung in RUNGS}
    means = []
    for n in range(len(rates)):
        answered = [one.variant for one in served if n * 1.5 + 0.7 <= one.at < (n + 1) * 1.5 and one.variant]
        means.append(sum(accuracy[name] for name in answered) / len(answered))
    assert means[0] > means[1] > means[2] < means[3] < means[4]
    assert in_time(served) > 0.98


@pytest.mark.parametrize("rate", [1000, 2400, 3500])
def test_under_steady_load_the_level_changes_seldom(rate: int) -> None:
    auto = Auto()
    simulate(RUNGS, poisson(rate, 6.0, seed=rate), auto, WISH)
    assert len(auto.changes) <= 8
    assert all(later - earlier >= 0.5 for earlier, later in pairwise(auto.changes))
