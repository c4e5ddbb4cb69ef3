"""All ladders in one picture: what each rung gets right, against its bytes and against its time."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from benchmarks.ladders.ladder import Ladder, Rung
from evidence.estimate import Estimate

# Okabe and Ito's colours and a ninth; each precision has a shape of its own as well.
_COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#8C6D00", "#000000", "#6A3D9A")
_SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
_MARGIN = "#9A9A9A"
_PANEL_INCHES = (3.1, 2.9)
_LEGEND_INCHES = 0.6
_MARK_INCHES = 2.0  # of the longest in the legend
_TITLE_COLUMNS = 36
_EDGE = 0.12  # of the span of a logarithmic axis, on each side
_SPAN_MIN = 3.0  # of such an axis, as a ratio
_SPAN_WIDE = 50.0  # where powers of ten are ticks enough

Cost = Callable[[Rung], float | None]


def draw(ladders: Sequence[Ladder], path: Path) -> None:
    """Write the picture to `path`, in the format of its suffix: a column a ladder."""
    styles = _styles(ladders)
    size = (_PANEL_INCHES[0] * max(len(ladders), 2), _PANEL_INCHES[1] * 2 + _LEGEND_INCHES)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, len(ladders), squeeze=False)
    for place, ladder in enumerate(ladders):
        top, bottom = panels[0, place], panels[1, place]
        title = [ladder.data.partition(":")[0], *textwrap.wrap(ladder.model, _TITLE_COLUMNS)]
        top.set_title("\n".join(title), loc="left", fontsize=9.5)
        batch = min((batch for rung in ladder.rungs for batch in rung.row_us), default=1)
        _panel(top, ladder, lambda rung: rung.bytes / 1000, "KB", styles)
        _panel(bottom, ladder, partial(_row_us, batch=batch), f"µs a row, batch {batch}", styles)
        if place == 0:
            for axes in (top, bottom):
                axes.set_ylabel(f"{ladder.yardstick.word} on the test rows", fontsize=8.5)
    _explain(figure, ladders, styles)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _styles(ladders: Sequence[Ladder]) -> dict[str, tuple[str, str]]:
    """Return a colour and a shape for each precision, the same in all panels."""
    precisions = dict.fromkeys(rung.precision for ladder in ladders for rung in ladder.rungs)
    return {
        precision: (_COLOURS[place % len(_COLOURS)], _SHAPES[place % len(_SHAPES)])
        for place, precision in enumerate(precisions)
    }


def _row_us(rung: Rung, batch: int) -> float | None:
    return rung.row_us[batch].value if batch in rung.row_us else None


def _panel(axes: Axes, ladder: Ladder, cost: Cost, label: str, styles: dict[str, tuple[str, str]]) -> None:
    placed = [(rung, value) for rung in ladder.rungs if (value := cost(rung)) is not None]
    for rung, value in placed:
        _point(axes, rung, value, styles[rung.precision])
    first = {rung.network: (value, rung.score.value) for rung, value in reversed(placed) if rung.network}
    for network, place in first.items():
        axes.annotate(network, place, xytext=(6, 6), textcoords="offset points", fontsize=7.5)
    for rung in ladder.rungs:
        if rung.name == ladder.yardstick.reference:
            axes.axhline(
                rung.score.value - ladder.margin, color=_MARGIN, linestyle="--", linewidth=1.0, zorder=1
            )
    axes.set_xscale("log")
    low, high = _ends([value for _, value in placed])
    axes.set_xlim(low, high)
    ticks = (1.0,) if high / low > _SPAN_WIDE else (1.0, 2.0, 5.0)
    axes.xaxis.set_major_locator(LogLocator(subs=ticks))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.tick_params(labelsize=7.5)
    axes.set_xlabel(label, fontsize=8.5)
    axes.grid(visible=True, which="major", color="#E8E8E8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _ends(costs: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a logarithmic axis, with room on both sides; any where there is nothing on it."""
    low, high = min(costs, default=1.0), max(costs, default=1.0)
    edge = max(high / low, _SPAN_MIN) ** _EDGE
    return low / edge, high * edge


def _point(axes: Axes, rung: Rung, cost: float, style: tuple[str, str]) -> None:
    """Draw a rung, hollow where it is dominated, with the interval of its difference from the reference."""
    colour, shape = style
    axes.errorbar(
        cost,
        rung.score.value,
        yerr=None if rung.difference is None else _arms(rung.difference),
        fmt=shape,
        markersize=7,
        color=colour,
        markerfacecolor="white" if rung.is_dominated else colour,
        elinewidth=1.0,
        capsize=2,
        alpha=0.9,
        zorder=2 if rung.is_dominated else 3,
    )


def _arms(difference: Estimate) -> list[list[float]]:
    return [[difference.value - difference.low], [difference.high - difference.value]]


def _explain(figure: Figure, ladders: Sequence[Ladder], styles: dict[str, tuple[str, str]]) -> None:
    def mark(shape: str, colour: str, label: str, face: str) -> Line2D:
        settings: dict[str, Any] = {"linestyle": "none", "markersize": 7}
        return Line2D([], [], marker=shape, color=colour, label=label, markerfacecolor=face, **settings)

    marks = [mark(shape, colour, name, colour) for name, (colour, shape) in styles.items()]
    if any(rung.is_dominated for ladder in ladders for rung in ladder.rungs):
        marks.append(mark("o", "#555555", "dominated", "white"))
    margins = ", ".join(sorted({f"{ladder.margin:g}" for ladder in ladders}))
    marks.append(Line2D([], [], color=_MARGIN, linestyle="--", label=f"reference less {margins}"))
    marks.append(Line2D([], [], color="#555555", label="95% of the difference from it"))
    columns = max(1, int(figure.get_figwidth() // _MARK_INCHES))
    figure.legend(handles=marks, loc="outside lower center", ncols=columns, frameon=False, fontsize=8.5)
