"""The program: `python -m training train` and `python -m training evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from bundle.errors import BundleError
from bundle.normalizer import Method
from training.config import (
    VARIANTS,
    Architecture,
    Cell,
    DataConfig,
    Kind,
    Loss,
    Missing,
    Optimizer,
    TrainConfig,
    Variant,
)
from training.errors import OptionError, TrainingError
from training.rung import PLAIN_WIDTH

if TYPE_CHECKING:
    from training.evaluate import Evaluation

PICTURES = (".png", ".svg", ".pdf")

app = typer.Typer(
    help="Train a classifier, export it at every precision, and score each one through its runtime.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

_VARIANTS: TypeAdapter[tuple[Variant, ...]] = TypeAdapter(tuple[Variant, ...])
_DATA_HELP = "breast_cancer, digits, wine, iris, fashion_mnist, mnist, or a path: .npy, .npz or .csv"
_TRAIN_EXAMPLES = """Examples:

    python -m training train --data digits --model cnn

    python -m training train --data fashion_mnist --data-dir ~/fashion-mnist --model cnn --epochs 10

    python -m training train --data churn.csv --label left --missing drop --hidden 128,64 --name churn

    python -m training train --data digits --model cnn --widths 0.25,0.5,1,2 --plot ladder.png
"""
_EVALUATE_EXAMPLES = """Examples:

    python -m training evaluate models/digits/1

    python -m training evaluate models/churn/3 --data last_month.csv --label left --plot ladder.png
"""

DataDir = Annotated[Path | None, typer.Option(help="Where the files of fashion_mnist or mnist already are.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to predict, of a .csv.")]
KindOption = Annotated[
    Kind | None, typer.Option(help="What a row is, where its number of dimensions does not tell.")
]
MissingOption = Annotated[Missing, typer.Option(help="Rows with missing values: refuse them, or drop them.")]

PlotOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw accuracy against time a row here, as .png, .svg or .pdf, with the Pareto front.",
    ),
]


@app.command(epilog=_TRAIN_EXAMPLES)
def train(
    *,
    data: Annotated[str, typer.Option(help=_DATA_HELP)],
    model: Annotated[Architecture, typer.Option(help="The architecture.")] = "mlp",
    models: Annotated[Path, typer.Option(help="The folder of models to publish in.")] = Path("models"),
    name: Annotated[str | None, typer.Option(help="The model's name; by default the data set's.")] = None,
    epochs: Annotated[int, typer.Option(help="At most so many passes over the training rows.")] = 10,
    batch_size: Annotated[int, typer.Option(help="Rows in one step of the optimiser.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Step size of the optimiser.")] = 1e-3,
    optimizer: Annotated[Optimizer, typer.Option(help="The optimiser.")] = "adam",
    loss: Annotated[Loss, typer.Option(help="What is minimised.")] = "cross_entropy",
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="mlp: units a layer (64,64). cnn: filters a block (16,48). rnn: units a layer (64).",
        ),
    ] = None,
    cell: Annotated[Cell, typer.Option(help="The cell of an rnn.")] = "lstm",
    normalize: Annotated[Method, typer.Option(help="How features are put on one scale.")] = "standardize",
    test_size: Annotated[
        float, typer.Option(help="Share of rows kept for the test; a published test split is kept instead.")
    ] = 0.2,
    validation_size: Annotated[
        float, typer.Option(help="Share of the other rows that early stopping watches.")
    ] = 0.1,
    patience: Annotated[
        int, typer.Option(help="Epochs without a lower validation loss before training stops.")
    ] = 5,
    class_weights: Annotated[
        bool | None,
        typer.Option(
            "--class-weights/--no-class-weights",
            help="Weigh rows by the rarity of their class; by default where the largest class has over 1.5 "
            "times the rows of the smallest.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.")] = 42,
    variants: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...",
            help=f"Of {', '.join(VARIANTS)}; all by default, and float32 always: the others are compared "
            "with it.",
        ),
    ] = None,
    widths: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            help="The same architecture narrower and wider, as in 0.25,0.5,1,2, each with every variant; 1 "
            "is always one.",
        ),
    ] = None,
    plot: PlotOption = None,
    data_dir: DataDir = None,
    label: Label = None,
    kind: KindOption = None,
    missing: MissingOption = "error",
) -> None:
    """Train a model, export every variant, score each one, and publish the bundle."""
    config = TrainConfig(
        data=data,
        label=label,
        data_dir=data_dir,
        kind=kind,
        missing=missing,
        model=model,
        name=name,
        hidden=() if hidden is None else _integers("--hidden", hidden),
        cell=cell,
        normalize=normalize,
        optimizer=optimizer,
        loss=loss,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        class_weights=class_weights,
        test_size=test_size,
        validation_size=validation_size,
        seed=seed,
        variants=VARIANTS if variants is None else _variants(variants),
        widths=(PLAIN_WIDTH,) if widths is None else _numbers("--widths", widths),
    )
    _require_drawable(plot)

    from training.console import BarProgress, native_noise_kept_aside, print_table
    from training.pipeline import train as run

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        published = run(config, models, progress=progress)
        for variant, reason in published.failures.items():
            progress.warn(f"variant {variant} is left out: {reason}")
    print_table(
        f"{published.bundle.folder}: {published.bundle.manifest.provenance.test_rows:,} test rows",
        published.evaluations,
        published.failures,
        "One thread; tensorflow: every core. Times are of this machine, now.",
    )
    _draw(published.evaluations, published.bundle.folder, plot)
    if (variants is not None or widths is not None) and published.failures:
        raise typer.Exit(1)


@app.command(epilog=_EVALUATE_EXAMPLES)
def evaluate(
    *,
    bundle: Annotated[Path, typer.Argument(metavar="MODELS/NAME/VERSION", help="The folder of a bundle.")],
    data: Annotated[str | None, typer.Option(help=f"{_DATA_HELP}; by default its own test rows.")] = None,
    data_dir: DataDir = None,
    label: Label = None,
    kind: KindOption = None,
    missing: MissingOption = "error",
    plot: PlotOption = None,
) -> None:
    """Score and time every variant of a bundle."""
    _require_drawable(plot)
    if data is None and (data_dir, label, kind, missing) != (None, None, None, "error"):
        raise OptionError("--data-dir, --label, --kind and --missing say how to read --data; give that too")
    config = (
        None
        if data is None
        else DataConfig(data=data, data_dir=data_dir, label=label, kind=kind, missing=missing)
    )

    from training.console import BarProgress, native_noise_kept_aside, print_table
    from training.pipeline import rescore

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        evaluations = rescore(bundle, config, progress=progress)
    rows = evaluations[0].scores.rows
    print_table(f"{bundle}: {rows:,} rows", evaluations, {}, "One thread. Times are of this machine, now.")
    _draw(evaluations, bundle, plot)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0 good, 1 a variant that was asked for failed, 2 a mistake."""
    try:
        return app(arguments, prog_name="python -m training", standalone_mode=False) or 0
    except (typer.Abort, KeyboardInterrupt):
        return _tell("interrupted", 130)
    except (typer.TyperException, ValidationError, TrainingError, BundleError, OSError) as error:
        return _tell(_message(error), 2)


def _message(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return _first_mistake(error)
    if isinstance(error, typer.TyperException):
        return error.format_message()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _tell(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _first_mistake(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    option = "--" + str(first["loc"][0]).replace("_", "-")
    return f"{option} was given {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"


def _integers(option: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise OptionError(f"{option} was given {text!r}; it takes whole numbers, as in 64,64") from error


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise OptionError(f"{option} was given {text!r}; it takes numbers, as in 0.25,0.5,1,2") from error


def _require_drawable(plot: Path | None) -> None:
    """Raise OptionError, before anything takes time, where no picture could be written in the end."""
    if plot is None:
        return
    if plot.suffix not in PICTURES:
        raise OptionError(
            f"--plot was given {str(plot)!r}; it takes a file that ends in {', '.join(PICTURES)}"
        )
    if not plot.parent.is_dir():
        raise OptionError(f"--plot was given {str(plot)!r}; there is no folder {plot.parent}")


def _draw(evaluations: Sequence[Evaluation], bundle: Path, plot: Path | None) -> None:
    if plot is None:
        return
    from training.plots import draw

    place = bundle.resolve()
    draw(evaluations, f"{place.parent.name}, version {place.name}", plot)


def _variants(text: str) -> tuple[Variant, ...]:
    try:
        return _VARIANTS.validate_python(tuple(part.strip() for part in text.split(",")))
    except ValidationError as error:
        given = error.errors(include_url=False)[0]["input"]
        raise OptionError(
            f"--variants was given {given!r}; there are {', '.join(VARIANTS)}, to be joined by commas"
        ) from error


if __name__ == "__main__":
    raise SystemExit(main())
