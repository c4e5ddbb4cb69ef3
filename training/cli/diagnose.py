"""`python -m training diagnose`: why a variant lost."""

from __future__ import annotations

from typing import Annotated

import typer

from training.cli import other_rows
from training.cli.evaluate import BundleFolder
from training.cli.options import Options, with_options
from training.cli.proof import Proof
from training.config import DataConfig

EXAMPLES = """Examples:

    python -m training diagnose models/digits/1 --variant int8

    python -m training diagnose models/churn/3 --variant int8 --data last_month.csv --label left
"""

PROOF = Options(
    Proof,
    without=dict.fromkeys(("repeats", "figures", "plot"), "a diagnosis is of one variant, and in words"),
)


@with_options(other_rows.OPTIONS, PROOF)
def diagnose(
    config: DataConfig | None,
    proof: Proof,
    *,
    bundle: BundleFolder,
    variant: Annotated[str, typer.Option(help="The variant that lost.")],
    against: Annotated[
        str | None,
        typer.Option(
            help="The variant to compare with; by default the float32 of the same graph, as w0.5-float32 for "
            "w0.5-int8, or else the reference."
        ),
    ] = None,
) -> None:
    """Say why a variant lost: layer by layer against what it was made from, with what to try."""
    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.diagnosis.diagnose import diagnose as look
    from training.diagnosis.left_out import explain_left_out
    from training.report.diagnosis import SPARE, layer_table, sentences, sentences_of_left_out
    from training.report.tables import show

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        missing = explain_left_out(bundle, variant, config=config, progress=progress)
        if missing is None:
            found = look(
                bundle, variant, against=against, config=config, margin=proof.margin, progress=progress
            )
    if missing is not None:
        typer.echo("\n".join(sentences_of_left_out(missing)))
        return
    show(layer_table(found), SPARE)
    typer.echo("\n".join(["", *sentences(found, proof.margin)]))
