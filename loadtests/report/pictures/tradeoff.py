"""Accuracy against throughput, or against p99: a picture for each number of rows a request."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from evidence.estimate import Estimate
from loadtests.experiment.measured import Measured
from loadtests.judge.document import Document
from loadtests.report.pictures.axis import spread
from loadtests.report.pictures.look import is_grey, style_of
from loadtests.report.pictures.spots import Figure, accuracy_limits, figures, shown, stairs
from loadtests.report.pictures.svg import (
    Frame,
    Picture,
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

_FRAME = Frame(470, 330, right=112)
_LABEL_GAP = 0.068  # between the baselines of two labels, as a share of the picture's height


def draw_all(document: Document, rows: int) -> list[Picture]:
    """Return the pictures for so many rows, one for each figure that accuracy is shown against."""
    return [found for figure in figures(document) if (found := draw(document, rows, figure))]


def draw(document: Document, rows: int, figure: Figure) -> Picture | None:
    """Return the picture; None where no load with so many rows was answered."""
    loads = shown(document, rows, figure)
    spots = {load.variant: spot for load in loads if (spot := figure.of(load))}
    if not spots:
        return None
    ends = [end for spot in spots.values() for end in (spot.low, spot.value, spot.high)]
    x = _FRAME.log_x([end for end in ends if isfinite(end)])
    y = _FRAME.y(*accuracy_limits(loads))
    front = stairs(document, loads, figure, (x.low, x.high), y.low)
    places = {
        load.variant: (x(spots[load.variant].value), y(load.accuracy.value))
        for load in loads
        if load.accuracy
    }
    grey = {load.variant for load in loads if is_grey(document, load)}
    parts = [
        axes(_FRAME, x, y, (figure.name, "live accuracy"), (_short, _percent)),
        line([(x(right), y(up)) for right, up in front], "front"),
        _labels(places, grey, document.verdict.recommended),
    ]
    # What is greyed lies below what counts.
    order = sorted(loads, key=lambda one: one.variant not in grey)
    parts += [_point(document, load, (x, y), spots[load.variant]) for load in order]
    return picture(_FRAME, f"live accuracy against {figure.name}, {rows} rows a request", parts)


def _point(document: Document, load: Measured, scales: tuple[Scale, Scale], spot: Estimate) -> str:
    x, y = scales
    accuracy = load.accuracy
    assert accuracy is not None  # noqa: S101 - shown because it has one
    style = style_of(document, load.variant)
    kind = "grey" if is_grey(document, load) else f"v{style.colour}"
    at = x(spot.value), y(accuracy.value)
    figures = {title: cell for title, cell in cells(load, document.verdict.dominated).items() if cell}
    figures.pop("variant")
    return touchable(
        [
            line([(at[0], y(accuracy.low)), (at[0], y(accuracy.high))], f"bar {kind}-line"),
            line([(x(max(spot.low, x.low)), at[1]), (x(min(spot.high, x.high)), at[1])], f"bar {kind}-line"),
            marker(*at, style.marker, f"mark {kind}"),
        ],
        load.variant,
        figures,
        hit(*at),
    )


def _labels(places: Mapping[str, tuple[float, float]], grey: set[str], recommended: str | None) -> str:
    """Name each point at the right edge, tied to it by a thin line: points lie close, names must not."""
    order = sorted(places, key=lambda name: (places[name][1], places[name][0]))
    span = _FRAME.foot - _FRAME.top
    heights = spread([(places[name][1] - _FRAME.top) / span for name in order], _LABEL_GAP)
    edge = _FRAME.ends[1]
    parts = []
    for name, height in zip(order, heights, strict=True):
        down = _FRAME.top + height * span
        parts.append(line([places[name], (edge + 8, down)], "leader"))
        kind = "label muted" if name in grey else "label best" if name == recommended else "label"
        parts.append(text(edge + 11, down + 4, name, kind))
    return "".join(parts)


def _short(value: float) -> str:
    return f"{value / 1000:,g}k" if value >= 10_000 else f"{value:,g}"


def _percent(value: float) -> str:
    return f"{100 * value:.4g}%"
