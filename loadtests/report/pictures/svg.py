"""The strokes that pictures are made of: frames with axes, lines, bars and markers, as SVG text.

Colours are classes, which a style sheet gives a value by day and one by night: see `look`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import cos, log, pi, sin

from loadtests.report.pictures.axis import linear_ticks, log_limits, log_ticks

Point = tuple[float, float]

# Corners of each marker about its middle, for a size of 1; a circle has none. Shapes differ for whoever does
# not tell the colours apart.
_DIAMOND = ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0))
_CROSS = tuple(
    (sign * x, sign * y)
    for sign in (1, -1)
    for x, y in ((-0.35, -1.1), (0.35, -1.1), (0.35, -0.35), (1.1, -0.35), (1.1, 0.35), (0.35, 0.35))
)
_MARKERS: tuple[tuple[Point, ...], ...] = (
    (),
    ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    ((0, -1.15), (1.1, 0.9), (-1.1, 0.9)),
    _DIAMOND,
    ((0, 1.15), (1.1, -0.9), (-1.1, -0.9)),
    _CROSS,
    ((0, -1.2), (1.15, -0.3), (0.75, 1.05), (-0.75, 1.05), (-1.15, -0.3)),
    tuple(
        (reach * sin(step * pi / 5), -reach * cos(step * pi / 5))
        for step in range(10)
        for reach in [1.4 if step % 2 == 0 else 0.6]
    ),
)


@dataclass(frozen=True)
class Scale:
    """Maps figures to pixels, from `low` at `start` to `high` at `end`."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self.low, self.high
        share = log(value / low) / log(high / low) if self.is_log else (value - low) / (high - low)
        return self.start + min(max(share, -0.02), 1.02) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        return log_ticks(self.low, self.high) if self.is_log else linear_ticks(self.low, self.high)


@dataclass(frozen=True)
class Frame:
    """The area of a picture within its margins, in pixels of the picture's own size."""

    width: float
    height: float
    left: float = 66
    right: float = 16
    top: float = 14
    bottom: float = 44

    @property
    def ends(self) -> tuple[float, float]:
        """The left and the right edge of the area."""
        return self.left, self.width - self.right

    @property
    def foot(self) -> float:
        return self.height - self.bottom

    def x(self, low: float, high: float) -> Scale:
        return Scale(low, high, *self.ends)

    def log_x(self, values: Sequence[float]) -> Scale:
        return Scale(*log_limits(values), *self.ends, is_log=True)

    def y(self, low: float, high: float) -> Scale:
        return Scale(low, high, self.foot, self.top)

    def log_y(self, values: Sequence[float]) -> Scale:
        return Scale(*log_limits(values), self.foot, self.top, is_log=True)


@dataclass(frozen=True)
class Picture:
    """Strokes within a frame. `title` is what is read out to those who cannot see them."""

    width: float
    height: float
    title: str
    strokes: str

    @property
    def inline(self) -> str:
        """The picture within a page, which says how large it is."""
        return f"<svg {self._head}>{self.strokes}</svg>"

    def at(self, x: float, y: float) -> str:
        """Return the picture as a part of a larger one, in its own size."""
        place = f'x="{x:g}" y="{y:g}" width="{self.width:g}" height="{self.height:g}"'
        return f"<svg {place} {self._head}>{self.strokes}</svg>"

    @property
    def _head(self) -> str:
        box = f"0 0 {self.width:g} {self.height:g}"
        return f'viewBox="{box}" role="img" aria-label="{escape(self.title)}"'


def picture(frame: Frame, title: str, parts: Iterable[str]) -> Picture:
    """Return the whole picture of its parts."""
    return Picture(frame.width, frame.height, title, "".join(parts))


def axes(
    frame: Frame, x: Scale, y: Scale, names: tuple[str, str], form: tuple[Callable[[float], str], ...]
) -> str:
    """Return the grid, the tick labels and the names of both axes; `form` writes the ticks of x and of y."""
    left, right = frame.ends
    parts = []
    for value in x.ticks:
        place = x(value)
        parts.append(line([(place, frame.top), (place, frame.foot)], "grid"))
        parts.append(text(place, frame.foot + 15, form[0](value), "tick", anchor="middle"))
    for value in y.ticks:
        place = y(value)
        parts.append(line([(left, place), (right, place)], "grid"))
        parts.append(text(left - 6, place + 4, form[1](value), "tick", anchor="end"))
    parts.append(line([(left, frame.top), (left, frame.foot), (right, frame.foot)], "axis"))
    parts.append(text((left + right) / 2, frame.foot + 33, names[0], "name", anchor="middle"))
    if names[1]:
        middle = (frame.top + frame.foot) / 2
        turn = f' transform="rotate(-90 12 {middle:.1f})"'
        parts.append(text(12, middle, names[1], "name", anchor="middle", more=turn))
    return "".join(parts)


def line(points: Iterable[Point], kind: str) -> str:
    """Return a line through points; `kind` is its class."""
    return f'<polyline class="{kind}" points="{_points(points)}"/>'


def area(points: Iterable[Point], kind: str) -> str:
    """Return a filled area."""
    return f'<polygon class="{kind}" points="{_points(points)}"/>'


def box(x: float, y: float, size: tuple[float, float], kind: str) -> str:
    """Return a rectangle of a width and a height."""
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(size[0], 0):.1f}" height="{size[1]:.1f}"/>'
    )


def text(x: float, y: float, words: str, kind: str, *, anchor: str = "start", more: str = "") -> str:
    """Return words, at the start, the middle or the end of which the point lies."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def marker(x: float, y: float, shape: int, kind: str, size: float = 6) -> str:
    """Return a marker of one of the shapes that there are."""
    corners = _MARKERS[shape]
    if not corners:
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}"/>'
    return area([(x + size * right, y + size * down) for right, down in corners], kind)


def touchable(parts: Iterable[str], title: str, figures: Mapping[str, str], reach: str = "") -> str:
    """Return parts that show their figures to a mouse, a finger and the tabulator key.

    `reach` is what can be hit besides the parts: a marker alone is too small for a finger.
    """
    words = "\n".join([title, *(f"{name}: {figure}" for name, figure in figures.items())])
    attributes = f'class="touch" tabindex="0" role="listitem" aria-label="{escape(words)}"'
    return f"<g {attributes}>{''.join(parts)}{reach}</g>"


def hit(x: float, y: float, radius: float = 16) -> str:
    """Return an invisible disc for `touchable`."""
    return f'<circle class="hit" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
