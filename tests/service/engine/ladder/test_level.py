"""How far down the ladder requests begin, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from service.engine.ladder.level import Level


def run(level: Level, seconds: float, went_down: Callable[[int], float], *, rate: int = 1000) -> list[int]:
    """Look ten times a second, for so long; return the level after each look."""
    seen = []
    for _ in range(round(seconds * 10)):
        level.began = rate // 10
        level.went_down = round(went_down(level.index) * level.began)
        level.look(level.look_at, 2)
        seen.append(level.index)
    return seen


def changes(seen: list[int]) -> int:
    return sum(one != other for one, other in pairwise(seen))


def test_where_hardly_any_can_begin_all_begin_further_down_and_no_further_than_the_last() -> None:
    assert run(Level(0.0), 3, lambda index: 1.0)[-1] == 2


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_where_many_can_begin_they_do(share: float) -> None:
    assert run(Level(0.0), 10, lambda index: share) == [0] * 100


def test_a_level_is_kept_for_half_a_second_at_the_least() -> None:
    seen = run(Level(0.0), 30, lambda index: 0.0 if index else 1.0)
    longest = [0]
    for one, other in pairwise(seen):
        longest.append(1) if one != other else longest.append(longest.pop() + 1)
    assert changes(seen) > 1
    assert min(longest[1:-1]) >= 4


def test_climbs_that_fail_grow_rare() -> None:
    level = Level(0.0)
    first, second = (changes(run(level, 60, lambda index: 0.0 if index else 1.0)) for _ in range(2))
    assert first <= 16
    assert second <= 8


def test_when_the_load_is_over_the_level_climbs_at_once_whatever_failed_before() -> None:
    level = Level(0.0)
    run(level, 100, lambda index: 0.0 if index else 1.0)
    seen = run(level, 2, lambda index: 0.0, rate=500)
    assert seen[-1] == 0


def test_after_a_silence_what_was_before_it_is_forgotten() -> None:
    level = Level(0.0)
    level.began = level.went_down = 100
    level.look(0.1, 2)
    level.began, level.went_down = 1, 0
    assert level.look(1000.0, 2) == pytest.approx(999.9)
    assert level.index == 0


def test_a_ladder_that_has_become_shorter_is_begun_at_its_last_rung() -> None:
    level = Level(0.0)
    run(level, 3, lambda index: 1.0)
    level.look(level.look_at, 1)
    assert level.index == 1
