from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from evidence.pareto import front, is_beaten

POINTS = st.integers(1, 3).flatmap(lambda size: st.lists(st.tuples(*[st.integers(0, 6)] * size), max_size=14))


@given(POINTS)
def test_the_front_is_what_counting_by_hand_leaves(points: list[tuple[int, ...]]) -> None:
    left = []
    for place, point in enumerate(points):
        rivals = [other for other in points if other != point]
        if not any(all(b >= a for a, b in zip(point, other, strict=True)) for other in rivals):
            left.append(place)
    assert sorted(front(points)) == left


@given(POINTS)
def test_whatever_is_not_on_the_front_is_beaten_by_something_on_it(points: list[tuple[int, ...]]) -> None:
    chosen = set(front(points))
    for place, point in enumerate(points):
        assert (place in chosen) != any(is_beaten(point, points[other]) for other in chosen)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=14))
def test_along_a_front_of_two_figures_one_falls_as_the_other_rises(points: list[tuple[int, int]]) -> None:
    for one, other in pairwise(points[place] for place in front(points)):
        assert one == other or (one[0] > other[0] and one[1] < other[1])
