"""`python -m training evaluate`: the proof of a bundle that exists, on its own test rows or others."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bundle.bundle import open_bundle
from bundle.cores import model
from evidence.paired import Yardstick
from training.cli import other_rows
from training.cli.options import Options, with_options
from training.cli.proof import Proof, was_written
from training.config import DataConfig
from training.errors import OptionError

EXAMPLES = """Examples:

    python -m training evaluate models/digits/1

    python -m training evaluate models/churn/3 --data last_month.csv --label left

    python -m training evaluate models/digits/1 --margin 0.01 --plot pictures

    python -m training evaluate models/digits/1 --here
"""

BundleFolder = Annotated[Path, typer.Argument(metavar="MODELS/NAME/VERSION", help="The folder of a bundle.")]

Here = Annotated[
    bool,
    typer.Option(
        "--here",
        help="Count the test rows that this processor answers differently from the one that made the bundle, "
        "and nothing else.",
    ),
]

PROOF = Options(Proof, without={"repeats": "nothing is trained"})


@with_options(other_rows.OPTIONS, PROOF)
def evaluate(config: DataConfig | None, proof: Proof, *, bundle: BundleFolder, here: Here = False) -> None:
    """Score and time every variant of a bundle."""
    if here:
        _recount(config, proof, bundle)
        return
    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.report.recipes import recipes_in_words
    from training.report.tables import print_table
    from training.runs.rescore import rescore

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        evaluations = rescore(bundle, config, progress=progress)
    rows = evaluations[0].scores.rows
    opened = open_bundle(bundle)
    labels = opened.manifest.labels
    note = "One thread. Times are of this machine, now, with 95% intervals."
    if evaluations[0].validation is None:
        note += (
            " An older release made the bundle, without validation rows: what dominates is chosen on these."
        )
    print_table(f"{bundle}: {rows:,} rows", evaluations, labels, {}, note, proof.margin)
    for line in recipes_in_words(opened.manifest):
        typer.echo(line)
    if not proof.show(f"{opened.name}/{opened.version}", evaluations, labels):
        raise typer.Exit(1)


def _recount(config: DataConfig | None, proof: Proof, bundle: Path) -> None:
    """Tell what this processor changes. Raises OptionError where there is more to be done than that."""
    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.report.figures import write
    from training.report.portability import SPARE, portability_figures, portability_table
    from training.report.tables import show
    from training.runs.recount import recount

    if config is not None:
        raise OptionError("--here is about the bundle's own test rows; it goes without --data")
    if proof.plot is not None:
        raise OptionError("--here draws nothing; it goes without --plot")
    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        found = recount(bundle, progress=progress)
    manifest, processor = open_bundle(bundle).manifest, model()
    yardstick = Yardstick(manifest.reference, manifest.truth)
    show(portability_table(str(bundle), found, processor, yardstick.figure), SPARE)
    content = portability_figures(found, processor)
    if proof.figures is not None and not was_written(proof.figures, partial(write, content=content)):
        raise typer.Exit(1)
