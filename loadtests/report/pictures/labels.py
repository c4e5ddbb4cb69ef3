"""Where the names of crowded points stand: clear of each other and of every point, the same each time.

A point that is alone has its name beside it. Names of a crowd stand in a column at its left and one at its
right, each tied to its point by a thin line: of all ways to share the places out that with the shortest lines
in all, in which no two lines cross, where every name fits at either side and nothing else runs there
(boundary labelling: Bekos, Kaufmann, Symvonis and Wolff 2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import cos, dist, pi, sin

import numpy as np

from loadtests.report.pictures.boxes import Box, Line
from loadtests.report.pictures.svg import Point

LETTER = 8.2  # pixels of a letter of a name, rather too many than too few
HEIGHT = 15.0
_REACH = 9.0  # of a marker, from its middle
_BESIDE = 12.0  # from the middle of a point to a name that needs no line
_RING = 7.0  # how much farther the next places are that are tried
_RINGS = 40
_DIRECTIONS = (0, 8, 12, 4, 14, 2, 10, 6, 15, 1, 9, 7, 13, 3, 11, 5)  # sixteenths of a turn, the best first
_STRUCK = 12.0  # what it costs a name that a line runs through it, in pixels of distance
_CROWDED = 34.0  # from one point to the next, in pixels
_CROWD = 3  # points
_AISLE = 18.0  # between a crowd and the columns at its sides
_FAR = 90.0  # a name whose place in a column is farther away looks for one around its point
_NEVER = 1e9
_TRIES = 6


@dataclass(frozen=True)
class Label:
    """A name and its place; `leader` is the line to its point, where that is not beside it."""

    name: str
    point: Point
    box: Box
    leader: Line | None


def place(points: Mapping[str, Point], area: Box, lines: Sequence[Line] = ()) -> dict[str, Label]:
    """Return a place within the area for each name that there is room for.

    No two names overlap, none lies on a point, and no line from a name to its point runs through a name.
    `lines` are what names had better keep clear of. Where some find no place, or one far away, all begin anew
    and they come first ("squeaky wheel": Joslin and Clements 1999).
    """
    first: list[str] = []
    tries: list[dict[str, Label]] = []
    for _ in range(_TRIES):
        placed = _placed(points, first, area, lines)
        tries.append(placed)
        late = [name for name in points if name not in placed or _length(placed[name]) > _FAR]
        if not late:
            break
        first = [*late, *(name for name in first if name not in late)]
    best = max(tries, key=lambda found: (len(found), -sum(map(_length, found.values()))))
    return {name: best[name] for name in points if name in best}


def _placed(
    points: Mapping[str, Point], first: Sequence[str], area: Box, lines: Sequence[Line]
) -> dict[str, Label]:
    """Place the names that come first, then those of crowds, and then those that are alone."""
    markers = [Box.about(point, 2 * _REACH, 2 * _REACH) for point in points.values()]
    room = _Room(area, markers, lines)
    for name in first:
        _beside(name, points[name], room)
    for crowd in _crowds({name: point for name, point in points.items() if name not in room.taken}):
        if len(crowd) >= _CROWD:
            _in_columns({name: points[name] for name in crowd}, room)
    for name, point in points.items():
        if name not in room.taken:
            _beside(name, point, room)
    return room.taken


def _length(label: Label) -> float:
    return dist(*label.leader) if label.leader else 0.0


class _Room:
    """What there is room for in a picture, as names take their places."""

    def __init__(self, area: Box, markers: Sequence[Box], lines: Sequence[Line]) -> None:
        self.area = area
        self.taken: dict[str, Label] = {}
        self._markers = markers
        self._lines = lines

    def has(self, label: Label) -> bool:
        """Tell whether a place is free, and the way to it."""
        box, leader = label.box, label.leader
        if not box.is_within(self.area) or any(box.overlaps(marker) for marker in self._markers):
            return False
        return not any(
            box.overlaps(other.box)
            or (other.leader and box.is_struck_by(other.leader))
            or (leader and other.box.is_struck_by(leader))
            for other in self.taken.values()
        )

    def toll(self, box: Box) -> float:
        """Return what it costs a name that lines run through it."""
        return _STRUCK * sum(box.is_struck_by(line) for line in self._lines)


def _crowds(points: Mapping[str, Point]) -> list[list[str]]:
    """Return the groups of points of which each is near another of its group, the largest first."""
    groups: list[list[str]] = []
    for name, point in points.items():
        near = [group for group in groups if any(dist(point, points[one]) < _CROWDED for one in group)]
        groups = [group for group in groups if group not in near] + [[*chain(*near), name]]
    return sorted(groups, key=len, reverse=True)


def _in_columns(points: Mapping[str, Point], room: _Room) -> None:
    """Let the names of a crowd take places in the columns at its sides; not those that there is none for."""
    from scipy.optimize import linear_sum_assignment  # slow to import, and few runs have a crowd

    names = list(points)
    gates = _gates(list(points.values()), room.area)
    found = [[_at_gate(name, points[name], *gate) for gate in gates] for name in names]
    price = [[_price(label, room) for label in line] for line in found]
    for row, column in zip(*linear_sum_assignment(np.array(price)), strict=True):
        if price[row][column] < _FAR:
            room.taken[names[row]] = found[row][column]


def _price(label: Label, room: _Room) -> float:
    if not label.leader or not room.has(label):
        return _NEVER
    return _length(label) + room.toll(label.box)


def _gates(points: Sequence[Point], area: Box) -> list[tuple[Point, int]]:
    """Return where the lines of a crowd may end, at its left, which is -1, and at its right.

    At each side there are twice as many as there are points, for some may be taken.
    """
    left, right = min(x for x, _ in points) - _AISLE, max(x for x, _ in points) + _AISLE
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    count = min(2 * len(points) + int((bottom - top) / HEIGHT), int((area.bottom - area.top) / HEIGHT))
    half = (count - 1) * HEIGHT / 2
    middle = min(max((top + bottom) / 2, area.top + half + HEIGHT / 2), area.bottom - half - HEIGHT / 2)
    heights = [middle - half + step * HEIGHT for step in range(count)]
    return [((x, height), side) for x, side in ((left, -1), (right, 1)) for height in heights]


def _at_gate(name: str, point: Point, gate: Point, side: int) -> Label:
    width = LETTER * len(name)
    box = Box.about((gate[0] + side * width / 2, gate[1]), width, HEIGHT)
    return Label(name, point, box, (point, gate))


def _beside(name: str, point: Point, room: _Room) -> None:
    """Let a name take the place nearest to its point that is free, if there is one."""
    best, least = None, _NEVER
    for away, label in _around(name, point):
        if away >= least:
            break
        if room.has(label) and (price := away + room.toll(label.box)) < least:
            best, least = label, price
    if best:
        room.taken[name] = best


def _around(name: str, point: Point) -> Iterator[tuple[float, Label]]:
    """Yield the places around a point, each with what its distance costs, the nearest first."""
    width = LETTER * len(name)
    for ring in range(_RINGS):
        away = _BESIDE + ring * _RING
        for rank, turn in enumerate(_DIRECTIONS):
            across, down = cos(turn * pi / 8), sin(turn * pi / 8)
            middle = point[0] + across * (away + width / 2), point[1] + down * (away + HEIGHT / 2)
            box = Box.about(middle, width, HEIGHT)
            leader = (point, box.nearest(point)) if ring else None
            yield ring * _RING + rank / 4, Label(name, point, box, leader)
