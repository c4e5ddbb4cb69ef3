"""`python -m training resume`: what was left to do of a training that ended before it was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.cli.options import Options, with_options
from training.cli.proof import Proof
from training.cli.train import show

EXAMPLES = """Examples:

    python -m training resume models/digits/.trained-1a2b3c4d

    python -m training resume models/digits/.trained-1a2b3c4d --margin 0.01 --plot pictures
"""

TrainedFolder = Annotated[
    Path,
    typer.Argument(metavar="MODELS/NAME/.trained-...", help="The folder that the training named."),
]


PROOF = Options(Proof)


@with_options(PROOF)
def resume(proof: Proof, *, trained: TrainedFolder) -> None:
    """Convert, score and publish a model whose training was done when a conversion failed, or Ctrl-C came.

    The data are read again, and must be the same. The folder is taken away when the bundle is published.
    """
    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.export.worker import Worker
    from training.models.kept import Kept
    from training.runs import pipeline
    from training.runs.repeats import repeat

    told = Kept.read(trained)
    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress, Worker() as convert:
        published = pipeline.resume(trained, progress=progress, convert=convert, margin=proof.margin)
        for variant, reason in published.failures.items():
            progress.warn(f"variant {variant} is left out: {reason}")
        repeated = repeat(told.config, proof.repeats, progress=progress, convert=convert)
    show(told.config, proof, published, repeated, told.history)
