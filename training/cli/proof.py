"""What follows the first table: variants against the reference, the spread between seeds, files of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, ConfigDict, Field, field_validator

from bundle.store import require_writable
from evidence.paired import MARGIN
from training.errors import OptionError

if TYPE_CHECKING:  # scipy takes half a second, which a mistake in an option need not wait for
    from bundle.manifest import Manifest
    from training.evaluation.evaluate import Evaluation
    from training.models.fit import Epoch
    from training.runs.repeats import Repeat
    from training.runs.run import Published


class Proof(BaseModel):
    """How the user wants it: checked before the work is done. Raises OptionError or ValidationError."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_by_name=True,
        title="Proof",
    )

    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    """Train with so many seeds, on one split, and show how they differ; the first is published."""
    margin: Annotated[float, Field(gt=0, lt=1)] = MARGIN
    """How much less accurate than the reference, mostly float32, a variant may be, as a share of the rows."""
    figures: Path | None = Field(None, alias="json", json_schema_extra={"metavar": "FILE"})
    """Write every figure, unrounded, to this file."""
    plot: Path | None = Field(None, json_schema_extra={"metavar": "FOLDER"})
    """Draw pictures into this folder: ladder.png, confusion.png, and, of a training, history.png."""

    @field_validator("figures")
    @classmethod
    def _can_be_written(cls, file: Path | None) -> Path | None:
        if file is not None and not file.parent.is_dir():
            raise OptionError(f"--json was given {file}, and there is no folder {file.parent}")
        if file is not None and file.is_dir():
            raise OptionError(f"--json was given {file}, which is a folder; it takes a file")
        if file is not None:
            require_writable(file.parent)
        return file

    @field_validator("plot")
    @classmethod
    def _is_a_folder(cls, folder: Path | None) -> Path | None:
        if folder is not None and folder.exists() and not folder.is_dir():
            raise OptionError(f"--plot was given {folder}, which is a file; it takes a folder")
        if folder is not None:
            require_writable(folder)
        return folder

    def show(
        self,
        title: str,
        evaluations: Sequence[Evaluation],
        labels: Sequence[int | str],
        seed: int = 0,
        repeats: Sequence[Repeat] = (),
        history: Sequence[Epoch] = (),
    ) -> bool:
        """Print the tables and write what was asked for; return whether all of that could be written.

        `seed` is that of `evaluations`, if repeated; `history` that of the training.
        """
        from training.report.comparison import SPARE, comparison_table
        from training.report.figures import figures, spread_figures
        from training.report.stability import SPARE as SPARE_OF_SEEDS
        from training.report.stability import stability_table
        from training.report.tables import show
        from training.runs.repeats import stability

        show(comparison_table(evaluations, labels, self.margin), SPARE)
        content = figures(evaluations, labels, self.margin)
        if repeats:
            found, seeds = stability(evaluations, repeats), [seed, *(again.seed for again in repeats)]
            show(stability_table(found, seeds), SPARE_OF_SEEDS)
            content["seeds"] = spread_figures(found, seeds)
        return all([*self._written(title, evaluations, labels, content, history)])

    def _written(
        self,
        title: str,
        evaluations: Sequence[Evaluation],
        labels: Sequence[int | str],
        content: dict[str, Any],
        history: Sequence[Epoch],
    ) -> Iterator[bool]:
        from training.report import confusion_picture, history_picture, ladder_picture
        from training.report.figures import write

        if self.figures is not None:
            yield was_written(self.figures, partial(write, content=content))
        if self.plot is None:
            return
        if history:
            yield was_written(
                self.plot / history_picture.FILE_NAME, partial(history_picture.draw, history, title)
            )
        confusion = partial(confusion_picture.draw_confusion, evaluations, labels, title)
        yield was_written(self.plot / confusion_picture.FILE_NAME, confusion)
        yield was_written(
            self.plot / ladder_picture.FILE_NAME,
            partial(ladder_picture.draw, evaluations, title, margin=self.margin),
        )


def conclude(proof: Proof, published: Published, *, is_failure: bool, **shown: Any) -> None:
    """Print and write what was published, and what `Proof.show` takes besides.

    Raises typer.Exit where it `is_failure`, or anything could not be written or shown to hold.
    """
    from training.report.recipes import all_held, recipes_in_words
    from training.report.tables import print_table

    bundle, manifest = published.bundle, published.bundle.manifest
    print_table(
        f"{bundle.folder}: {manifest.provenance.test_rows:,} test rows",
        published.evaluations,
        manifest.labels,
        published.failures,
        "One thread. Times are of this machine, now, with 95% intervals.",
        proof.margin,
    )
    for line in (*recipes_in_words(manifest), *_one_by_one(manifest)):
        typer.echo(line)
    name = f"{bundle.name}/{bundle.version}"
    is_written = proof.show(name, published.evaluations, manifest.labels, **shown)
    if is_failure or not is_written or not all_held(manifest):
        raise typer.Exit(1)


def _one_by_one(manifest: Manifest) -> Iterator[str]:
    names = [variant.name for variant in manifest.variants if variant.graph.batch == "one"]
    if names:
        yield f"One row a call, in a batch as well: {', '.join(names)}; no graph of theirs takes more."


def was_written(path: Path, write: Callable[[Path], object]) -> bool:
    """Write one file of a report, and tell whether that could be done: what is published stays so."""
    try:
        write(path)
    except Exception as error:  # drawing has many ways to fail, and each costs one file alone
        with suppress(OSError):
            path.unlink(missing_ok=True)  # half a file is none
        said = error.strerror if isinstance(error, OSError) else None
        reason = " ".join((said or str(error)).split()) or type(error).__name__
        typer.echo(f"warning: {path} could not be written: {reason}", err=True)
        return False
    return True
