"""Rectangles and straight lines in a picture, and whether they are in each other's way."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.report.pictures.svg import Point

Line = tuple[Point, Point]

_TOUCH = 1e-6  # of a line: what only ends at an edge does not run through


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels from the left upper corner of a picture."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def about(cls, middle: Point, width: float, height: float) -> Box:
        x, y = middle
        return cls(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def overlaps(self, other: Box) -> bool:
        is_beside = self.right <= other.left or other.right <= self.left
        return not is_beside and self.top < other.bottom and other.top < self.bottom

    def is_within(self, other: Box) -> bool:
        is_across = other.left <= self.left and self.right <= other.right
        return is_across and other.top <= self.top and self.bottom <= other.bottom

    def nearest(self, point: Point) -> Point:
        """Return the place in it that is nearest to a point."""
        return min(max(point[0], self.left), self.right), min(max(point[1], self.top), self.bottom)

    def is_struck_by(self, line: Line) -> bool:
        """Tell whether a straight line runs through it (Liang and Barsky 1984)."""
        (x, y), (end_x, end_y) = line
        enter, leave = 0.0, 1.0
        for start, step, low, high in (
            (x, end_x - x, self.left, self.right),
            (y, end_y - y, self.top, self.bottom),
        ):
            if abs(step) < _TOUCH:
                if not low < start < high:
                    return False
                continue
            near, far = sorted(((low - start) / step, (high - start) / step))
            enter, leave = max(enter, near), min(leave, far)
        return enter < leave - _TOUCH
