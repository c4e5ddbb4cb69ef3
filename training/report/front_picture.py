"""Draws a search: each trained model by time and accuracy, the front, the demands, and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.report.canvas import picture
from training.search.front import Candidate, Demand, pareto

FILE_NAME = "front.png"

_BLUE, _ORANGE, _GREEN, _GREY = "#0072B2", "#E69F00", "#009E73", "#9A9A9A"  # Okabe and Ito's, and a grey


def draw(
    candidates: Sequence[Candidate],
    reference: Candidate,
    chosen: Candidate,
    demand: Demand,
    title: str,
    path: Path,
) -> None:
    """Write the picture to `path`; its folder is made where it is missing."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, PercentFormatter

    front = pareto(candidates)
    with picture(path, (8.0, 5.6), 130) as figure:
        axes = figure.subplots()
        axes.set_title(title, fontsize=12, fontweight="bold", loc="left")
        axes.set_xscale("log")
        axes.errorbar(
            *_places(candidates), xerr=_reaches(candidates), fmt="none", ecolor=_GREY, elinewidth=1.6
        )
        axes.plot(*_places(candidates), "o", color=_GREY, markersize=5, label="trained")
        axes.plot(*_places(front), "o-", color=_BLUE, drawstyle="steps-post", label="Pareto front")
        axes.plot(*_places([reference]), "s", color="black", markersize=8, label="untuned, float32")
        axes.plot(
            *_places([chosen]), "*", color=_ORANGE, markersize=16, markeredgecolor="black", label="chosen"
        )
        # Last: on a logarithmic axis that has no data yet, a single line has no room.
        axes.axvline(
            demand.row_us, color=_GREEN, linestyle="--", linewidth=1.2, label="the most time demanded"
        )
        axes.axhline(
            demand.accuracy, color=_GREEN, linestyle=":", linewidth=1.2, label="the least accuracy demanded"
        )
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("µs a row, with its 95% interval (log scale; left is better)")
        axes.set_ylabel("validation accuracy")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        axes.grid(visible=True, color="#E5E5E5", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(frameon=False, fontsize=9, loc="outside lower center", ncols=3)


def _places(candidates: Sequence[Candidate]) -> tuple[list[float], list[float]]:
    return [one.row_us.value for one in candidates], [one.accuracy for one in candidates]


def _reaches(candidates: Sequence[Candidate]) -> list[list[float]]:
    """Return how far the interval of each time reaches to the left and to the right; 0 where it has none."""
    times = [one.row_us for one in candidates]
    return [
        [time.value - time.low if time.is_bounded else 0.0 for time in times],
        [time.high - time.value if time.is_bounded else 0.0 for time in times],
    ]
