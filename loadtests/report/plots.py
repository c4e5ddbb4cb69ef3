"""Draws the pictures of a report as PNG files: the trade-off, the curves, and a changing load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from evidence.estimate import Estimate
from loadtests.experiment.measured import Measured
from loadtests.experiment.result import Curve
from loadtests.judge.document import Document
from loadtests.report import spots
from loadtests.report.axis import log_limits, log_ticks, spread

# Okabe and Ito's colours, told apart by colour-blind readers as well; the markers differ too.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#7B4FB3")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_GREY = "#9A9A9A"
_LABEL_GAP = 0.085  # between the baselines of two labels, as a share of the panel's height
_ENDS = {"goodput": "#009E73", "late": "#F0E442", "shed": "#56B4E9", "failed": "#D55E00"}


def draw_all(document: Document, folder: Path) -> list[str]:
    """Write every picture that there is something to show in; return their names, the trade-off first."""
    drawn = {
        "tradeoff.png": (tradeoff, any(load.accuracy for load in document.results)),
        "curves.png": (curves, any(load.curve and load.curve.points for load in document.results)),
        "over_time.png": (over_time, any(load.timeline for load in document.results)),
    }
    for name, (draw, is_known) in drawn.items():
        if is_known:
            draw(document, folder / name)
    return [name for name, (_, is_known) in drawn.items() if is_known]


def tradeoff(document: Document, path: Path) -> None:
    """Draw accuracy against throughput and against p99, a column for each number of rows a request."""
    settings, kinds = document.rows, spots.figures(document)
    figure = _figure(document.title, (max(7.0, 5.6 * len(settings)), 1.2 + 3.6 * len(kinds)))
    figure.supxlabel(
        "Bars: 95% intervals (accuracy: unique test rows; throughput: rounds; peak: searches; p99: samples). "
        "Dashed: Pareto front. Grey: dominated, or void.",
        fontsize=9,
        color="#555555",
    )
    panels = figure.subplots(len(kinds), len(settings), squeeze=False, sharey=True)
    for column, rows in enumerate(settings):
        for row, kind in enumerate(reversed(kinds)):
            axes = panels[row][column]
            _panel(axes, document, spots.shown(document, rows, kind), kind)
            axes.set_xlabel(kind.name)
        panels[0][column].set_title(_rows(rows), fontsize=11, loc="left")
    for row in panels:
        row[0].set_ylabel("live accuracy")
    figure.savefig(path, dpi=130)


def curves(document: Document, path: Path) -> None:
    """Draw p50, p99 and effective accuracy against the rate, the knee marked, a column for each load."""
    known = [(load, load.curve) for load in document.results if load.curve and load.curve.points]
    figure = _figure(
        f"{document.model}/{document.version}: how much each variant can take", (4.6 * len(known), 6.4)
    )
    panels = figure.subplots(2, len(known), squeeze=False, sharex="col", sharey="row", height_ratios=(3, 1))
    for column, (load, curve) in enumerate(known):
        upper, lower = panels[0][column], panels[1][column]
        upper.set_title(f"{load.variant}, {_rows(load.rows_per_request)}", fontsize=11, loc="left")
        _latency(upper, curve, spots.style_of(document, load.variant))
        points = [
            (one.rate, one.effective_accuracy) for one in curve.points if one.effective_accuracy is not None
        ]
        lower.plot(*_columns(points), color="#333333", marker=".")
        lower.yaxis.set_major_formatter(PercentFormatter(1.0))
        lower.set_xlabel("offered, requests/s")
    panels[0][0].set_ylabel("latency, ms (log scale)")
    panels[1][0].set_ylabel("effective accuracy")
    figure.savefig(path, dpi=130)


def over_time(document: Document, path: Path) -> None:
    """Draw goodput, late, shed and failed requests over time, a row for each load."""
    known = [load for load in document.results if load.timeline]
    title = f"{document.model}/{document.version}: {document.scenario}"
    figure = _figure(title, (9.0, 1.2 + 2.6 * len(known)))
    panels = figure.subplots(len(known), 1, squeeze=False, sharex=True)
    for (axes,), load in zip(panels, known, strict=True):
        moments = load.timeline
        times = [one.start_s for one in moments] + [moments[-1].start_s + moments[-1].seconds]
        stacked = {kind: [getattr(one, f"{kind}_per_s") for one in moments] for kind in _ENDS}
        floor = [0.0] * len(moments)
        for kind, rates in stacked.items():
            top = [low + rate for low, rate in zip(floor, rates, strict=True)]
            axes.stairs(top, times, baseline=floor, fill=True, color=_ENDS[kind], label=kind)
            floor = top
        axes.stairs(
            [one.offered_per_s for one in moments], times, color="black", linestyle="--", label="offered"
        )
        axes.set_title(f"{load.variant}, {_rows(load.rows_per_request)}", fontsize=11, loc="left")
        axes.set_ylabel("requests/s")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    panels[-1][0].set_xlabel("seconds")
    figure.savefig(path, dpi=130)


def _figure(title: str, size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=13, fontweight="bold")
    return figure


def _panel(axes: Axes, document: Document, loads: Sequence[Measured], figure: spots.Figure) -> None:
    known = {load.variant: spot for load in loads if (spot := figure.of(load))}
    if not known:
        axes.text(0.5, 0.5, "nothing was answered", transform=axes.transAxes, ha="center", color=_GREY)
        return
    axes.set_xscale("log")
    axes.set_xlim(*log_limits([end for spot in known.values() for end in (spot.low, spot.high)]))
    axes.grid(visible=True, which="major", color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for load in loads:
        _point(axes, document, load, known[load.variant])
    axes.margins(y=0.1)
    floor = min(load.accuracy.low for load in loads if load.accuracy)
    front = spots.stairs(document, loads, figure, axes.get_xlim(), floor)
    axes.plot(*_columns(front), color="#444444", linestyle="--", linewidth=1.2, zorder=1.5)
    _set_ticks(axes)
    _label(axes, document, loads, figure)


def _point(axes: Axes, document: Document, load: Measured, spot: Estimate) -> None:
    accuracy = load.accuracy
    assert accuracy is not None  # noqa: S101 - shown because it has one
    axes.errorbar(
        spot.value,
        accuracy.value,
        xerr=[[spot.value - spot.low], [spot.high - spot.value]],
        yerr=[[accuracy.value - accuracy.low], [accuracy.high - accuracy.value]],
        fmt=_MARKERS[spots.style_of(document, load.variant).marker],
        markersize=8,
        color=_colour(document, load),
        elinewidth=1.2,
        capsize=3,
        markeredgecolor="white",
        markeredgewidth=0.8,
    )


def _colour(document: Document, load: Measured) -> str:
    if spots.is_grey(document, load):
        return _GREY
    return _COLOURS[spots.style_of(document, load.variant).colour]


def _set_ticks(axes: Axes) -> None:
    axes.xaxis.set_major_locator(FixedLocator(log_ticks(*axes.get_xlim())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))


def _label(axes: Axes, document: Document, loads: Sequence[Measured], figure: spots.Figure) -> None:
    """Name each point at the right edge, tied to it by a thin line: points lie close, names must not."""
    placed: list[tuple[Any, tuple[float, float], Measured]] = []
    for load in loads:
        if load.accuracy and (spot := figure.of(load)):
            point = (spot.value, load.accuracy.value)
            inside = axes.transAxes.inverted().transform(axes.transData.transform(point))
            placed.append((inside, point, load))
    placed.sort(key=lambda entry: (entry[0][1], -entry[0][0]))
    heights = spread([float(inside[1]) for inside, _, _ in placed], _LABEL_GAP)
    for (_, point, load), height in zip(placed, heights, strict=True):
        colour = "#6E6E6E" if spots.is_grey(document, load) else _colour(document, load)
        axes.annotate(
            load.variant,
            xy=point,
            xycoords="data",
            xytext=(1.03, height),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.45, "linewidth": 0.8, "shrinkB": 4},
            annotation_clip=False,
        )


def _latency(axes: Axes, curve: Curve, style: spots.Style) -> None:
    colour, marker = _COLOURS[style.colour], _MARKERS[style.marker]
    axes.set_yscale("log")
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.8)
    for kind, line in (("p50_ms", "--"), ("p99_ms", "-")):
        points = [(one.rate, time) for one in curve.points if (time := getattr(one, kind)) is not None]
        axes.plot(*_columns(points), color=colour, linestyle=line, label=kind.removesuffix("_ms"))
    proven = [(one.rate, one.p99_ms) for one in curve.points if one.holds and one.p99_ms is not None]
    axes.plot(*_columns(proven), marker, color=colour, label="holds the bound, proven")
    axes.axhline(curve.bound_ms, color="#B42318", linestyle=":", label=f"bound: {curve.bound_ms:g} ms")
    if curve.knee is not None:
        rate = curve.points[curve.knee].rate
        axes.axvline(rate, color="#333333", linestyle="-.", linewidth=1, label=f"knee: {rate:,.0f}/s")
    axes.legend(fontsize=8, loc="upper left")


def _columns(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _rows(count: int) -> str:
    return f"{count} {'row' if count == 1 else 'rows'} a request"
