"""`python -m training train`: from data to a published bundle, and the proof of what each variant costs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bundle.manifest import REFERENCE
from training.cli.options import Options, with_options
from training.cli.proof import Proof, conclude
from training.config import TrainConfig
from training.precisions import MIXED, name_of

if TYPE_CHECKING:
    from training.models.fit import Epoch
    from training.runs.repeats import Repeat
    from training.runs.run import Published

EXAMPLES = """Examples:

    python -m training train --data digits --model cnn

    python -m training train --data fashion_mnist --data-dir ~/fashion-mnist --model cnn --epochs 10

    python -m training train --data churn.csv --label left --missing drop --hidden 128,64 --name churn

    python -m training train --data digits --model cnn --repeats 5 --margin 0.01 --json digits.json

    python -m training train --data digits --model cnn --widths 0.25,0.5,1,2 --plot pictures

    python -m training train --data fashion_mnist --model cnn --max-accuracy-drop 0.005

    python -m training train --data news.csv.gz --label topic --text body --split part --model cnn

    python -m training train --data loans.csv --label decision --text note --missing fill
"""
OPTIONS = Options(TrainConfig)
PROOF = Options(Proof)
MODELS = Path("models")

Given = TypeVar("Given")
Models = Annotated[Path, typer.Option(help="The folder of models to publish in.")]


@with_options(OPTIONS, PROOF)
def train(
    config: TrainConfig,
    proof: Proof,
    *,
    models: Models = MODELS,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write logs for TensorBoard.")
    ] = None,
) -> None:
    """Train a model, export every variant, score each one, and publish the bundle."""
    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.export.worker import Worker
    from training.models.events import logged
    from training.runs.pipeline import train as run
    from training.runs.repeats import repeat

    passed: list[Epoch] = []
    with (
        native_noise_kept_aside() as stderr,
        BarProgress(stderr) as progress,
        logged(tensorboard) as log,
        Worker() as convert,
    ):
        told = _both(passed.append, log)
        published = run(
            config, models, progress=progress, on_epoch=told, convert=convert, margin=proof.margin
        )
        for variant, reason in published.failures.items():
            progress.warn(f"variant {variant} is left out: {reason}")
        repeated = repeat(config, proof.repeats, progress=progress, convert=convert)
    show(config, proof, published, repeated, passed)


def show(
    config: TrainConfig,
    proof: Proof,
    published: Published,
    repeated: Sequence[Repeat],
    history: Sequence[Epoch],
) -> None:
    """Print and write what came of a training. Raises typer.Exit where something is missing of it."""
    conclude(
        proof,
        published,
        is_failure=_is_failure(config, published.failures),
        seed=config.seed,
        repeats=repeated,
        history=history,
    )


def _is_failure(config: TrainConfig, failures: Collection[str]) -> bool:
    """Tell whether something is missing that was asked for.

    Where nobody names variants, one that this model cannot have, as texts no int16x8, is no failure.
    """
    asked = [REFERENCE] if config.max_accuracy_drop is None else [REFERENCE, MIXED.name]
    lost = any(name_of(width, name) in failures for width in config.widths for name in asked)
    return lost or ("variants" in config.model_fields_set and bool(failures))


def _both(first: Callable[[Given], object], second: Callable[[Given], object]) -> Callable[[Given], None]:
    def call(given: Given) -> None:
        first(given)
        second(given)

    return call
