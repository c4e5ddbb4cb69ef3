"""Draws the ladder: what each rung gets right, against what a row costs, and the front to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from bundle.manifest import CASCADE
from evidence.paired import MARGIN
from training.evaluation.baseline import Baseline
from training.evaluation.domination import dominated, front
from training.evaluation.evaluate import Evaluation
from training.evaluation.timing import TIMED_BATCHES
from training.precisions import graph_of, is_width, precision_of
from training.report.canvas import picture

FILE_NAME = "ladder.png"

# Okabe and Ito's colours, told apart by colour-blind readers as well; each kind has a shape of its own too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D00")
_SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
_GREY = "#B4B4B4"
_BASELINE = "#7A7A7A"
_BATCH = TIMED_BATCHES[-1]
_SMALLEST, _LARGEST = 5.0, 17.0  # diameters of markers, points
_LABEL_GAP = 0.032  # between the baselines of two labels, as a share of the panel's height
_LABEL_ROOM = 0.55  # left of the fastest rung, as a share of the span of all times


def draw(evaluations: Sequence[Evaluation], title: str, path: Path, margin: float = MARGIN) -> None:
    """Write the picture to `path`, in the format of its suffix. Only what is not dominated is named.

    What was not timed has no place in it. `margin` is as in `dominated`.
    """
    evaluations = [one for one in evaluations if one.times]
    worse = dominated(evaluations, margin)
    standing = [one for one in evaluations if one.variant not in worse]
    styles = _styles(evaluations)
    with picture(path, (11.0, 6.6), 140) as figure:
        axes: Axes = figure.subplots()
        axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
        _set_scales(axes, evaluations[0].yardstick.figure)
        _draw_front(axes, front(standing))
        largest = max(one.bytes for one in evaluations)
        for one in sorted(evaluations, key=lambda one: (one.variant not in worse, -one.bytes)):
            _draw_point(axes, one, styles[one.variant], largest, grey=one.variant in worse)
        axes.set_xlim(*_limits([_cost(one) for one in evaluations]))
        axes.margins(y=0.06)
        _draw_baseline(axes, evaluations)
        figure.draw_without_rendering()  # labels are placed by where the points have come to lie
        _label(axes, standing, styles)
        _explain(axes, evaluations, styles, greyed=bool(worse))


def _styles(evaluations: Sequence[Evaluation]) -> dict[str, tuple[str, str]]:
    """Return each variant's colour and shape: one for each width or network, and one for each precision."""
    graphs = list(dict.fromkeys(_graph(one) for one in evaluations))
    precisions = list(dict.fromkeys(precision_of(one.variant) for one in evaluations))
    return {
        one.variant: (
            _COLOURS[graphs.index(_graph(one)) % len(_COLOURS)],
            _SHAPES[precisions.index(precision_of(one.variant)) % len(_SHAPES)],
        )
        for one in evaluations
    }


def _graph(one: Evaluation) -> str:
    """Return what has a colour of its own: a width or a network, by its name, or a cascade."""
    return CASCADE if one.cascade is not None else graph_of(one.variant)


def _limits(microseconds: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the logarithmic axis: every time, an edge, and room for names at the left."""
    low, high = min(microseconds), max(microseconds)
    span = max(high / low, 4.0)
    return low / span**_LABEL_ROOM, high * span**0.06


def _set_scales(axes: Axes, share: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.set_xlabel(
        f"microseconds a row, in batches of {_BATCH} (log scale; left is better), with the 95% interval"
    )
    axes.set_ylabel(f"{share} on the test rows, with its 95% interval")
    axes.grid(visible=True, which="major", color="#E8E8E8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_front(axes: Axes, corners: Sequence[Evaluation]) -> None:
    axes.plot(
        [_cost(one) for one in corners],
        [one.scores.accuracy for one in corners],
        drawstyle="steps-post",
        color="#444444",
        linewidth=1.3,
        zorder=1,
    )


def _draw_baseline(axes: Axes, evaluations: Sequence[Evaluation]) -> None:
    """Draw what the commonest class alone gives, where it is not far below all rungs."""
    classes = range(len(evaluations[0].tally.confusion))
    accuracy = Baseline.under(evaluations, classes).accuracy
    if accuracy >= axes.get_ylim()[0]:
        axes.axhline(accuracy, color=_BASELINE, linestyle=":", linewidth=1.3, label="commonest class alone")


def _draw_point(axes: Axes, one: Evaluation, style: tuple[str, str], largest: int, *, grey: bool) -> None:
    scores, time = one.scores, one.microseconds[_BATCH]
    axes.errorbar(
        time.value,
        scores.accuracy,
        xerr=[[time.value - time.low], [time.high - time.value]] if time.is_bounded else None,
        yerr=[[scores.accuracy - scores.accuracy_low], [scores.accuracy_high - scores.accuracy]],
        fmt=style[1],
        markersize=_diameter(one.bytes, largest),
        color=_GREY if grey else style[0],
        ecolor="#DADADA" if grey else style[0],
        elinewidth=0.9,
        capsize=2.5,
        markeredgecolor="white",
        markeredgewidth=0.8,
        zorder=2 if grey else 3,
    )


def _diameter(size: int, largest: int) -> float:
    """Return a marker's diameter, in points: its area grows with the bytes, down to a least visible one."""
    return max(_SMALLEST, _LARGEST * sqrt(size / largest))


def _label(axes: Axes, standing: Sequence[Evaluation], styles: Mapping[str, tuple[str, str]]) -> None:
    """Name the points in a column at the left, where no point can be that the front does not pass by."""
    to_axes = axes.transData + axes.transAxes.inverted()
    named = sorted(standing, key=lambda one: (one.scores.accuracy, -_cost(one)))
    heights = [float(to_axes.transform((_cost(one), one.scores.accuracy))[1]) for one in named]
    corners = front(standing)
    for one, height in zip(named, spread(heights, _LABEL_GAP), strict=True):
        axes.annotate(
            f"{one.variant}  {one.bytes / 1000:,.0f} KB",
            xy=(_cost(one), one.scores.accuracy),
            xytext=(0.012, height),
            textcoords="axes fraction",
            va="center",
            fontsize=8.5,
            fontweight="bold" if one in corners else "normal",
            color=styles[one.variant][0],
            arrowprops={
                "arrowstyle": "-",
                "color": styles[one.variant][0],
                "alpha": 0.5,
                "linewidth": 0.7,
                "relpos": (1.0, 0.5),
            },
        )


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Move ascending heights apart to at least `gap`: up where there is room below 1, else down."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + gap) if placed else height)
    ceiling = 1.0
    for index in reversed(range(len(placed))):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed


def _explain(
    axes: Axes, evaluations: Sequence[Evaluation], styles: Mapping[str, tuple[str, str]], *, greyed: bool
) -> None:
    """Put the legend beside the panel: shapes for precisions, colours for graphs, and what else is drawn."""
    marks: list[Any] = []
    variants = [one for one in evaluations if one.cascade is None]
    shapes = dict.fromkeys((precision_of(one.variant), styles[one.variant][1]) for one in variants)
    marks += [_mark(shape, "#555555", precision) for precision, shape in shapes]
    colours = {graph_of(one.variant): styles[one.variant][0] for one in variants}
    if len(colours) > 1:
        plain = "width 1" if any(is_width(graph) for graph in colours) else "the model"
        labels = {"": plain} | {graph: f"width {graph[1:]}" for graph in colours if is_width(graph)}
        marks += [_mark("o", colour, labels.get(graph, graph)) for graph, colour in colours.items()]
    marks += [
        _mark(styles[one.variant][1], styles[one.variant][0], one.variant)
        for one in evaluations
        if one.cascade
    ]
    if greyed:
        marks.append(_mark("o", _GREY, "dominated"))
    marks.append(Line2D([], [], color="#444444", linewidth=1.3, label="front, chosen on\nvalidation rows"))
    marks += [line for line in axes.get_lines() if line.get_color() == _BASELINE]
    axes.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=9,
        title="area: bytes",
    )


def _mark(shape: str, colour: str, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        marker=shape,
        color=colour,
        linestyle="none",
        markersize=8,
        markeredgecolor="white",
        label=label,
    )


def _cost(one: Evaluation) -> float:
    return one.microseconds[_BATCH].value
