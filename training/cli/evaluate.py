"""`python -m training evaluate`: the proof of a bundle that exists, on its own test rows or others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bundle.bundle import open_bundle
from training.cli import other_rows
from training.cli.options import Options, with_options
from training.cli.proof import Proof
from training.config import DataConfig

EXAMPLES = """Examples:

    python -m training evaluate models/digits/1

    python -m training evaluate models/churn/3 --data last_month.csv --label left

    python -m training evaluate models/digits/1 --margin 0.01 --plot pictures
"""

BundleFolder = Annotated[Path, typer.Argument(metavar="MODELS/NAME/VERSION", help="The folder of a bundle.")]


PROOF = Options(Proof, without={"repeats": "nothing is trained"})


@with_options(other_rows.OPTIONS, PROOF)
def evaluate(config: DataConfig | None, proof: Proof, *, bundle: BundleFolder) -> None:
    """Score and time every variant of a bundle."""
    from training.cli.console import BarProgress, native_noise_kept_aside
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
    if not proof.show(f"{opened.name}/{opened.version}", evaluations, labels):
        raise typer.Exit(1)
