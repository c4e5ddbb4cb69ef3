"""Draws how a training went: the losses and the validation accuracy by epoch, and the epoch that was kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.models.fit import Epoch, best
from training.report.canvas import picture

FILE_NAME = "history.png"

_BLUE, _ORANGE, _GREEN = "#0072B2", "#E69F00", "#009E73"  # Okabe and Ito's, for colour-blind readers as well


def draw(history: Sequence[Epoch], title: str, path: Path) -> None:
    """Write the picture of at least one epoch to `path`; its folder is made where it is missing."""
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    kept = best(list(history))
    epochs = [epoch.number for epoch in history]
    with picture(path, (7.0, 6.4), 130) as figure:
        figure.suptitle(title, fontsize=13, fontweight="bold")
        losses, accuracy = figure.subplots(2, 1, sharex=True)
        losses.plot(epochs, [epoch.loss for epoch in history], "o-", color=_BLUE, label="training")
        losses.plot(
            epochs, [epoch.validation_loss for epoch in history], "s-", color=_ORANGE, label="validation"
        )
        losses.set_ylabel("mean loss")
        accuracy.plot(epochs, [epoch.validation_accuracy for epoch in history], "s-", color=_GREEN)
        accuracy.set_ylabel("validation accuracy")
        accuracy.set_xlabel("epoch")
        accuracy.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        accuracy.xaxis.set_major_locator(MaxNLocator(integer=True))
        for panel in (losses, accuracy):
            panel.axvline(kept.number, color="#6E6E6E", linestyle="--", label=f"epoch {kept.number}, kept")
            panel.grid(visible=True, color="#E5E5E5", linewidth=0.8)
            panel.set_axisbelow(True)
            panel.spines[["top", "right"]].set_visible(False)
        losses.legend(frameon=False)
