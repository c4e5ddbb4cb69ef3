from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.estimate import Sign
from evidence.pareto import beats, dominates, front, sign

POINTS = st.integers(1, 3).flatmap(lambda size: st.lists(st.tuples(*[st.integers(0, 6)] * size), max_size=14))


@given(POINTS)
def test_the_front_is_what_counting_by_hand_leaves(points: list[tuple[int, ...]]) -> None:
    left = []
    for place, point in enumerate(points):
        rivals = [other for other in points if other != point]
        is_beaten = any(all(b >= a for a, b in zip(point, other, strict=True)) for other in rivals)
        if not is_beaten and point not in points[:place]:
            left.append(place)
    assert sorted(front(points)) == left


@given(POINTS)
def test_whatever_is_not_on_the_front_is_beaten_by_or_equal_to_something_on_it(
    points: list[tuple[int, ...]],
) -> None:
    chosen = set(front(points))
    for place, point in enumerate(points):
        assert not (place in chosen and any(beats(points[other], point) for other in chosen))
        assert place in chosen or any(
            beats(points[other], point) or points[other] == point for other in chosen
        )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=14))
def test_along_a_front_of_two_figures_one_falls_as_the_other_rises(points: list[tuple[int, int]]) -> None:
    for one, other in pairwise(points[place] for place in front(points)):
        assert one[0] > other[0]
        assert one[1] < other[1]


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6), st.sampled_from([1.0, 1.05, 2.0]))
def test_figures_within_the_tolerance_are_not_told_apart(
    ours: float, theirs: float, tolerance: float
) -> None:
    found = sign(ours, theirs, tolerance=tolerance)
    assert (found == 0) == (ours <= theirs * tolerance and theirs <= ours * tolerance)
    assert found in (0, 1 if ours > theirs else -1)
    assert sign(theirs, ours, tolerance=tolerance) == -found


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_as_good_in_every_figure_and_better_in_one(size: int) -> None:
    every: list[Sign] = [-1, 0, 1]
    for signs in product(every, repeat=size):
        is_as_good = not any(one < 0 for one in signs)
        assert dominates(signs) == (is_as_good and any(one > 0 for one in signs))


def test_figures_of_two_things_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        beats([1, 2, 3], [1, 2])
