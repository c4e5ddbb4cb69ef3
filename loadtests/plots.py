"""Draws the trade-off: accuracy against throughput, and against latency, a column for each number of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from loadtests.result import Result

# Okabe and Ito's colours, told apart by colour-blind readers as well; the markers differ too.
_STYLES: tuple[tuple[str, str], ...] = (
    ("#0072B2", "o"),
    ("#E69F00", "s"),
    ("#009E73", "^"),
    ("#D55E00", "D"),
    ("#CC79A7", "v"),
    ("#56B4E9", "P"),
    ("#000000", "X"),
)
_GREY = "#9A9A9A"
_SPAN_MIN = 4.0  # of the horizontal axis, from its right end to its left, as a ratio
_TICKS_MAX = 6
_LABEL_GAP = 0.085  # between the baselines of two labels, as a share of the panel's height


def draw(results: Sequence[Result], dominated: Mapping[str, str], title: str, path: Path) -> None:
    """Write the picture to `path`. Results without a single answer have no place in it."""
    shown = [result for result in results if result.summary.accuracy]
    settings = sorted({result.rows for result in shown})
    variants = list(dict.fromkeys(result.variant for result in shown))
    styles = {name: _STYLES[index % len(_STYLES)] for index, name in enumerate(variants)}
    figure = Figure(figsize=(max(7.0, 5.6 * len(settings)), 8.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=13, fontweight="bold")
    figure.supxlabel(
        "Bars: 95% interval of the live accuracy (unique test rows). Grey: dominated by another variant.",
        fontsize=9,
        color="#555555",
    )
    panels = figure.subplots(2, max(1, len(settings)), squeeze=False, sharey=True)
    for column, rows in enumerate(settings):
        chosen = [result for result in shown if result.rows == rows]
        unit = "1 row" if rows == 1 else f"{rows} rows"
        _panel(panels[0][column], chosen, dominated, styles, _rows_per_s).set_title(
            f"{unit} a request", fontsize=11, loc="left"
        )
        panels[0][column].set_xlabel("throughput, rows/s (log scale; right is better)")
        _panel(panels[1][column], chosen, dominated, styles, _p99_ms)
        panels[1][column].set_xlabel("p99 latency under load, ms (log scale; left is better)")
    for row in panels:
        row[0].set_ylabel("live accuracy")
    figure.savefig(path, dpi=130)


def _panel(
    axes: Axes,
    results: Sequence[Result],
    dominated: Mapping[str, str],
    styles: Mapping[str, tuple[str, str]],
    x_of: Callable[[Result], float],
) -> Axes:
    axes.set_xscale("log")
    axes.set_xlim(*_limits([x_of(result) for result in results]))
    axes.grid(visible=True, which="major", color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for result in results:
        accuracy = result.summary.accuracy
        if accuracy is None:
            continue
        colour, marker = styles[result.variant]
        axes.errorbar(
            x_of(result),
            accuracy.value,
            yerr=[[accuracy.value - accuracy.low], [accuracy.high - accuracy.value]],
            fmt=marker,
            markersize=8,
            color=_GREY if result.variant in dominated else colour,
            elinewidth=1.2,
            capsize=3,
            markeredgecolor="white",
            markeredgewidth=0.8,
        )
    axes.margins(y=0.1)
    _set_ticks(axes)
    _label(axes, results, dominated, styles, x_of)
    return axes


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a logarithmic axis: all values, an edge, and at least a factor of `_SPAN_MIN`.

    So no small difference looks like a large one.
    """
    low, high = min(values), max(values)
    stretch = max((high / low) ** 0.12 * 1.05, (_SPAN_MIN * low / high) ** 0.5)
    return low / stretch, high * stretch


def _set_ticks(axes: Axes) -> None:
    axes.xaxis.set_major_locator(FixedLocator(ticks(*axes.get_xlim())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers from `low` to `high`, few enough to stand side by side on a logarithmic axis."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    found: list[float] = []
    for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        found = [value for power in powers for step in steps if low <= (value := step * 10.0**power) <= high]
        if len(found) <= _TICKS_MAX:
            return found
    return found[:: ceil(len(found) / _TICKS_MAX)]


def _label(
    axes: Axes,
    results: Sequence[Result],
    dominated: Mapping[str, str],
    styles: Mapping[str, tuple[str, str]],
    x_of: Callable[[Result], float],
) -> None:
    """Name each point at the right edge, tied to it by a thin line: points lie close, names must not."""
    placed: list[tuple[Any, Result]] = []
    for result in results:
        if result.summary.accuracy:
            point = (x_of(result), result.summary.accuracy.value)
            placed.append((axes.transAxes.inverted().transform(axes.transData.transform(point)), result))
    placed.sort(key=lambda entry: (entry[0][1], -entry[0][0]))
    heights = spread([float(place[1]) for place, _ in placed], _LABEL_GAP)
    for (_, result), height in zip(placed, heights, strict=True):
        accuracy = result.summary.accuracy
        assert accuracy is not None  # noqa: S101 - filtered above
        colour = "#6E6E6E" if result.variant in dominated else styles[result.variant][0]
        axes.annotate(
            result.variant,
            xy=(x_of(result), accuracy.value),
            xycoords="data",
            xytext=(1.03, height),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.45, "linewidth": 0.8, "shrinkB": 4},
            annotation_clip=False,
        )


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move ascending heights apart to at least `gap`, each group about its own middle, and within 0 and 1."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _bottom(groups[-1], gap) - _top(groups[-2], gap) < gap:
            last = groups.pop()
            groups[-1] += last
    return [_bottom(group, gap) + index * gap for group in groups for index in range(len(group))]


def _bottom(group: Sequence[float], gap: float) -> float:
    half = (len(group) - 1) * gap / 2
    return min(max(sum(group) / len(group), half), max(1.0 - half, half)) - half


def _top(group: Sequence[float], gap: float) -> float:
    return _bottom(group, gap) + (len(group) - 1) * gap


def _rows_per_s(result: Result) -> float:
    return result.summary.rows_per_s


def _p99_ms(result: Result) -> float:
    return result.summary.p99_ms or float("nan")
