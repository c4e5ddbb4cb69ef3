"""Draws the confusion matrices, a panel a variant, with what quantisation changed in each cell."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evidence.paired import Yardstick
from training.data.dataset import IntArray
from training.evaluation.evaluate import Evaluation
from training.report.canvas import legible, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE_NAME = "confusion.png"

_ACROSS_MAX = 3  # panels side by side
_WRITTEN_MAX = 20  # classes; with more, a cell has no room for its numbers
_NAMED_MAX = 40  # classes; with more, an axis has no room for its labels
_LABEL_LETTERS = 12
# Okabe and Ito's orange and blue, told apart by colour-blind readers; signs say the same.
_MORE_MISTAKES, _FEWER_MISTAKES = "#D55E00", "#0072B2"


def draw_confusion(
    evaluations: Sequence[Evaluation], labels: Sequence[int | str], title: str, path: Path
) -> None:
    """Write the picture to `path`. A class whose name no font here can write is shown by its number."""
    expected = next(one for one in evaluations if one.is_reference)
    reference, yardstick = _matrix(expected), expected.yardstick
    across = min(_ACROSS_MAX, len(evaluations))
    side = 2.0 + 0.34 * min(len(labels), _WRITTEN_MAX)
    down = ceil(len(evaluations) / across)
    cut = [str(label)[:_LABEL_LETTERS] for label in labels]
    names = legible(cut)
    numbered = next((name for name, whole in zip(names, cut, strict=True) if name != whole), None)
    with picture(path, (side * across + 0.8, side * down + 1.3), 130, names) as figure:
        figure.suptitle(title, fontsize=12, fontweight="bold")
        figure.supxlabel(
            f"predicted class\n{_shade(yardstick)} Small signed numbers: rows more or fewer than "
            f"{yardstick.reference};\norange where that is for the worse, blue where for the better."
            + (
                ""
                if numbered is None
                else f"\n{numbered}: the class of that number, from 0; no font here has its letters."
            ),
            fontsize=9,
            color="#555555",
        )
        figure.supylabel(_true_class(yardstick), fontsize=9, color="#555555")
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for axes, evaluation in zip(panels, evaluations, strict=False):
            _panel(axes, _matrix(evaluation), reference, names)
            axes.set_title(f"{evaluation.variant}{_change(evaluation)}", fontsize=10, loc="left")
        for axes in panels[len(evaluations) :]:
            axes.set_axis_off()


def _shade(yardstick: Yardstick) -> str:
    return f"Shade: share of {'the true' if yardstick.is_labelled else 'that'} class's rows."


def _true_class(yardstick: Yardstick) -> str:
    return "true class" if yardstick.is_labelled else f"class that {yardstick.reference} predicts"


def _change(evaluation: Evaluation) -> str:
    pairs = evaluation.tally.pairs
    return "" if evaluation.is_reference else f": {pairs.lost:,} lost, {pairs.gained:,} gained"


def _matrix(evaluation: Evaluation) -> IntArray:
    return np.array(evaluation.tally.confusion)


def _panel(axes: Axes, matrix: IntArray, reference: IntArray, names: Sequence[str]) -> None:
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    axes.imshow(
        shares, cmap="Greys", vmin=0, vmax=1.25
    )  # so that the darkest still bears dark letters' white
    if len(names) <= _NAMED_MAX:
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axes.set_yticks(range(len(names)), names, fontsize=7)
    if len(names) > _WRITTEN_MAX:
        return
    for (true, predicted), count in np.ndenumerate(matrix):
        change = int(count - reference[true, predicted])
        if count:
            place = (predicted, true - 0.15 if change else true)
            ink = "white" if shares[true, predicted] > 0.5 else "black"
            axes.annotate(f"{count:,}", place, ha="center", va="center", fontsize=7, color=ink)
        if change:
            better = (change > 0) == (true == predicted)
            axes.annotate(
                f"{change:+,}",
                (predicted, true + 0.25),
                ha="center",
                va="center",
                fontsize=6.5,
                fontweight="bold",
                color=_FEWER_MISTAKES if better else _MORE_MISTAKES,
                bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.85},
            )
