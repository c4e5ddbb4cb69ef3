"""Effective accuracy against load: a line for each contender, a thin one for each seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.policies.curves import Curve

# Okabe and Ito's colours: of those that choose, and of the single variants, which are thinner.
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#000000")
_SINGLE = ("#56B4E9", "#E69F00", "#8C6D00", "#999999", "#6A3D9A", "#444444")
_INCHES = (8.0, 4.6)


def draw(curves: Sequence[Curve], title: str, path: Path) -> None:
    """Write the picture to `path`, in the format of its suffix."""
    figure = Figure(figsize=_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    choosing, single = iter(_COLOURS), iter(_SINGLE)
    for curve in curves:
        colour = next(choosing, "#000000") if curve.chooses else next(single, "#999999")
        style: dict[str, Any] = (
            {"lw": 2.4, "marker": "o", "ms": 4} if curve.chooses else {"lw": 1.3, "ls": "--"}
        )
        axes.plot(curve.shares, [curve.right(share) for share in curve.shares], color=colour, **style)
        axes.lines[-1].set_label(curve.name)
        if curve.chooses:
            for seed in {one.seed for one in curve.points}:
                mine = sorted((one.share, one.right) for one in curve.points if one.seed == seed)
                axes.plot(*zip(*mine, strict=True), color=colour, lw=0.6, alpha=0.5)
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel("offered, as a share of what the quickest variant bears", fontsize=9)
    axes.set_ylabel("effective accuracy: right and in time, of all offered", fontsize=9)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower left")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
