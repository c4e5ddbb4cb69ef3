"""What follows the first table: the comparison with float32, the spread between seeds, and files of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.errors import OptionError

if TYPE_CHECKING:  # scipy takes half a second, which a mistake in an option need not wait for
    from training.evaluation.evaluate import Evaluation
    from training.runs.repeats import Repeat

MARGIN = 0.005
REPEATS_MAX = 100

Margin = Annotated[
    float, typer.Option(help="How much less accurate than float32 a variant may be, as a share of the rows.")
]
Json = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write every figure, unrounded, to this file.")
]
Plot = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Draw pictures into this folder: ladder.png, confusion.png, and, of a training, history.png.",
    ),
]


@dataclass(frozen=True)
class Proof:
    """How the user wants it: checked before the work is done, not after. Raises OptionError."""

    margin: float
    json: Path | None = None
    """A file for every figure."""
    plot: Path | None = None
    """A folder for pictures."""
    repeats: int = 1
    """How many seeds, the published one among them."""

    def __post_init__(self) -> None:
        if not 0 < self.margin < 1:
            raise OptionError(
                f"--margin was given {self.margin:g}; it takes a share between 0 and 1, as in 0.005"
            )
        if not 1 <= self.repeats <= REPEATS_MAX:
            raise OptionError(f"--repeats was given {self.repeats}; it takes 1 to {REPEATS_MAX} seeds")
        if self.json is not None and not self.json.parent.is_dir():
            raise OptionError(f"--json was given {self.json}, and there is no folder {self.json.parent}")
        if self.json is not None and self.json.is_dir():
            raise OptionError(f"--json was given {self.json}, which is a folder; it takes a file")
        if self.plot is not None and self.plot.exists() and not self.plot.is_dir():
            raise OptionError(f"--plot was given {self.plot}, which is a file; it takes a folder")

    def show(
        self,
        title: str,
        evaluations: Sequence[Evaluation],
        labels: Sequence[int | str],
        seed: int = 0,
        repeats: Sequence[Repeat] = (),
    ) -> None:
        """Print the tables and write what was asked for; `seed` is that of `evaluations`, if repeated."""
        from training.report.comparison import comparison_table
        from training.report.confusion_picture import FILE_NAME, draw_confusion
        from training.report.figures import figures, spread_figures, write
        from training.report.ladder_picture import FILE_NAME as LADDER
        from training.report.ladder_picture import draw as draw_ladder
        from training.report.stability import stability_table
        from training.report.tables import show
        from training.runs.repeats import stability

        show(comparison_table(evaluations, labels, self.margin))
        content = figures(evaluations, labels, self.margin)
        if repeats:
            found, seeds = stability(evaluations, repeats), [seed, *(again.seed for again in repeats)]
            show(stability_table(found, seeds))
            content["seeds"] = spread_figures(found, seeds)
        if self.json is not None:
            write(self.json, content)
        if self.plot is not None:
            self.plot.mkdir(parents=True, exist_ok=True)
            draw_confusion(evaluations, labels, title, self.plot / FILE_NAME)
            draw_ladder(evaluations, title, self.plot / LADDER)
