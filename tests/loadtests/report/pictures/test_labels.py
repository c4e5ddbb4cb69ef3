from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.report.pictures.boxes import Box, Line
from loadtests.report.pictures.labels import Label, place
from loadtests.report.pictures.svg import Point

AREA = Box(66, 14, 454, 356)
NAMES = [
    f"{width}{precision}"
    for width in ("w0.25-", "w0.5-", "", "w2-")
    for precision in ("float32", "int8", "weight_int4", "dynamic_int8")
]
# Sixteen within a sixth of the width and of the height, as with one row, where HTTP hides the model.
CROWD = {
    name: (200.0 + 65 * (index * 7 % 16) / 16, 120.0 + 60 * (index * 5 % 16) / 16)
    for index, name in enumerate(NAMES)
}
ANYWHERE = st.tuples(st.floats(AREA.left, AREA.right), st.floats(AREA.top, AREA.bottom))
CROWDED = st.tuples(st.floats(300, 360), st.floats(AREA.top, 100))


def _are_clear(points: dict[str, tuple[float, float]], placed: dict[str, Label]) -> bool:
    boxes = [one.box for one in placed.values()]
    leaders = [one.leader for one in placed.values() if one.leader]
    markers = [Box.about(point, 16, 16) for point in points.values()]
    return (
        not any(first.overlaps(second) for first, second in combinations(boxes, 2))
        and not any(box.overlaps(marker) for box in boxes for marker in markers)
        and not any(box.is_struck_by(leader) for box in boxes for leader in leaders)
        and all(box.is_within(AREA) for box in boxes)
    )


def test_sixteen_crowded_points_all_have_their_names_and_no_two_overlap_and_none_leaves_the_drawing() -> None:
    placed = place(CROWD, AREA)
    assert list(placed) == NAMES
    assert _are_clear(CROWD, placed)


@given(st.lists(ANYWHERE | CROWDED, max_size=16))
def test_wherever_points_lie_names_keep_clear_of_each_other_and_of_the_points(
    found: list[tuple[float, float]],
) -> None:
    points = dict(zip(NAMES, found, strict=False))
    placed = place(points, AREA)
    assert _are_clear(points, placed)
    assert set(placed) <= set(points)


def test_a_point_alone_has_its_name_beside_it_and_no_line() -> None:
    (label,) = place({"int8": (200, 100)}, AREA).values()
    assert label.leader is None
    assert label.box.left == pytest.approx(212)
    assert (label.box.top + label.box.bottom) / 2 == 100


def test_at_the_right_edge_a_name_stands_to_the_left() -> None:
    (label,) = place({"int8": (AREA.right, 100)}, AREA).values()
    assert label.box.right == pytest.approx(AREA.right - 12)


def test_a_name_far_from_its_point_is_tied_to_it() -> None:
    placed = place(CROWD, AREA)
    tied = {name: one.leader for name, one in placed.items() if one.leader}
    assert len(tied) == len(NAMES)
    for name, (start, end) in tied.items():
        assert start == CROWD[name]
        assert placed[name].box.nearest(end) == end


def test_where_every_name_fits_at_both_sides_of_a_crowd_no_two_lines_cross() -> None:
    slim = {name: (236 + (x - 200) * 0.6, y) for name, (x, y) in CROWD.items()}
    tied = [one.leader for one in place(slim, AREA).values() if one.leader]
    assert len(tied) == len(NAMES)
    assert not any(_cross(*pair) for pair in combinations(tied, 2))


def _cross(first: Line, second: Line) -> bool:
    (a, b), (c, d) = first, second
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def test_a_name_gives_way_to_a_line() -> None:
    points = {"int8": (200.0, 100.0)}
    (label,) = place(points, AREA, [((200, 100), (400, 100))]).values()
    assert not label.box.is_struck_by(((200, 100), (400, 100)))


def test_where_there_is_no_room_a_name_is_left_out_rather_than_written_over_another() -> None:
    narrow = Box(0, 0, 100, 40)
    placed = place({"weight_int4": (50, 30), "dynamic_int8": (25, 30)}, narrow)
    assert list(placed) == ["weight_int4"]


def test_the_same_points_give_the_same_places() -> None:
    assert place(CROWD, AREA) == place(dict(CROWD), AREA)
