"""The search for a referee's peak finds what a service can do, and believes no lucky run."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.referee.search import RESOLUTION, peak


@pytest.mark.parametrize("start", [3.0, 250.0, 999.0, 40_000.0])
@pytest.mark.parametrize("capacity", [37.0, 1000.0, 12_345.0])
def test_a_search_ends_within_its_resolution_below_the_capacity_wherever_it_begins(
    capacity: float, start: float
) -> None:
    found = peak(lambda rate, _: rate <= capacity, start)
    assert found is not None
    assert capacity / RESOLUTION <= found <= capacity


def test_no_two_runs_have_the_same_seed_and_later_searches_begin_where_the_last_ended() -> None:
    tried: list[tuple[float, int]] = []

    def holds(rate: float, seed: int) -> bool:
        tried.append((rate, seed))
        return rate <= 1000

    found = peak(holds, 10.0, seed=7)
    assert [seed for _, seed in tried] == list(range(7, 7 + len(tried)))
    assert sum(rate < 800 for rate, _ in tried) == 7  # 10, 20, 40, ...: the first search alone
    assert found in [rate for rate, _ in tried]


@pytest.mark.parametrize("chance", [0.1, 0.3])
def test_a_rate_that_holds_by_luck_is_not_the_peak_as_it_must_hold_again(chance: float) -> None:
    def lucky(seed: int) -> Callable[[float, int], bool]:
        random_ = random.Random(seed)
        return lambda rate, _: rate <= 1000 or random_.random() < chance

    found = [peak(lucky(seed), 100.0) for seed in range(50)]
    assert all(rate is not None for rate in found)
    # Of what one lucky run is enough for, nearly half would be beyond: see the share that is here.
    assert sum(rate > 1000 for rate in found if rate is not None) <= 50 * 2 * chance**2 * 3


def test_there_is_no_peak_where_nothing_holds() -> None:
    assert peak(lambda _, __: False, 250.0) is None


def test_there_is_no_peak_where_what_held_never_holds_again() -> None:
    tried: list[float] = []

    def holds(rate: float, _: int) -> bool:
        tried.append(rate)
        return rate <= 1000 and tried.count(rate) == 1 and rate == max(tried[:-1], default=0) * 2

    assert peak(holds, 250.0) is None
