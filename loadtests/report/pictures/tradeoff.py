"""Accuracy against rows per core-second, throughput, p99 or a peak: a picture for each number of rows.

All pictures of one figure have the same axes, so what many rows a request bring is seen from one to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isinf

from evidence.estimate import Estimate
from loadtests.experiment.measured import Measured, rows_in_words
from loadtests.judge.document import Document
from loadtests.report.pictures.boxes import Box, Line
from loadtests.report.pictures.labels import Label, place
from loadtests.report.pictures.look import is_grey, style_of
from loadtests.report.pictures.spots import Figure, accuracy_limits, accuracy_of, limits, shown, stairs
from loadtests.report.pictures.svg import (
    Frame,
    Picture,
    Point,
    Scale,
    axes,
    hit,
    line,
    marker,
    picture,
    text,
    touchable,
)
from loadtests.report.table import cells

_FRAME = Frame(470, 390)
_BASELINE = 3.5  # of a name, above the lower edge of its box


@dataclass(frozen=True)
class _Spot:
    """A load in the picture."""

    load: Measured
    at: Point
    bars: tuple[Line, ...]
    """The intervals that are known."""
    is_grey: bool


def draw_all(document: Document, figure: Figure) -> list[tuple[int, Picture]]:
    """Return the pictures of one figure, each with its number of rows a request."""
    return [(rows, found) for rows in document.rows if (found := draw(document, rows, figure))]


def draw(document: Document, rows: int, figure: Figure) -> Picture | None:
    """Return the picture; None where no load with so many rows was answered."""
    loads = shown(document, rows, figure)
    if not loads:
        return None
    x, y = _FRAME.log_x(limits(document, figure)), _FRAME.y(*accuracy_limits(document))
    spots = [
        _spot(load, spot, accuracy, (x, y), is_grey=is_grey(document, load))
        for load in loads
        if (spot := figure.of(load)) and (accuracy := accuracy_of(document, load))
    ]
    corners = [(x(right), y(up)) for right, up in stairs(document, loads, figure, (x.low, x.high), y.low)]
    # What counts takes its place before what is grey does, and is drawn upon it.
    first = sorted(spots, key=lambda one: one.is_grey)
    labels = place(
        {one.load.variant: one.at for one in first},
        Box(_FRAME.left, _FRAME.top, _FRAME.ends[1], _FRAME.foot),
        [*pairwise(corners), *(bar for one in spots for bar in one.bars)],
    )
    share = document.yardstick.figure
    parts = [
        axes(_FRAME, x, y, (figure.axis, f"{share} on the test rows"), (_short, _percent)),
        line(corners, "front"),
        *(line(one.leader, "leader") for one in labels.values() if one.leader),
        *(_point(document, one) for one in reversed(first)),
        *(
            _name(labels[one.load.variant], _kind(document, one))
            for one in first
            if one.load.variant in labels
        ),
    ]
    return picture(_FRAME, f"{share} against {figure.name}, {rows_in_words(rows)} a request", parts)


def _spot(
    load: Measured, figure: Estimate, accuracy: Estimate, scales: tuple[Scale, Scale], *, is_grey: bool
) -> _Spot:
    x, y = scales
    at = x(figure.value), y(accuracy.value)
    bars: list[Line] = [((at[0], y(accuracy.low)), (at[0], y(accuracy.high)))]
    if not (isinf(figure.low) and isinf(figure.high)):
        left = x.low if isinf(figure.low) else max(figure.low, x.low)
        right = x.high if isinf(figure.high) else figure.high
        bars.append(((x(left), at[1]), (x(right), at[1])))
    return _Spot(load, at, tuple(bars), is_grey)


def _point(document: Document, spot: _Spot) -> str:
    load = spot.load
    style = style_of(document, load.variant)
    kind = "grey" if spot.is_grey else f"v{style.colour}"
    verdict = document.verdict
    known = cells(load, verdict.dominated, verdict.certificates, verdict.figures, document.yardstick)
    figures = {title: cell for title, cell in known.items() if cell}
    figures.pop(document.yardstick.noun)
    return touchable(
        [
            *(line(bar, f"bar {kind}-line") for bar in spot.bars),
            marker(*spot.at, style.marker, f"mark {kind}"),
        ],
        load.variant,
        figures,
        hit(*spot.at),
    )


def _kind(document: Document, spot: _Spot) -> str:
    if spot.is_grey:
        return "label muted"
    return "label best" if spot.load.variant == document.verdict.recommended else "label"


def _name(label: Label, kind: str) -> str:
    """Write a name in its box, at the side where its point is: letters are narrower than the box allows."""
    box, point = label.box, label.point
    if box.left >= point[0]:
        return text(box.left, box.bottom - _BASELINE, label.name, kind)
    if box.right <= point[0]:
        return text(box.right, box.bottom - _BASELINE, label.name, kind, anchor="end")
    return text(box.middle[0], box.bottom - _BASELINE, label.name, kind, anchor="middle")


def _short(value: float) -> str:
    return f"{value / 1000:,g}k" if value >= 1000 else f"{value:,g}"


def _percent(value: float) -> str:
    return f"{100 * value:.4g}%"
