"""The program: `python -m training train` and `python -m training evaluate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

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

app = typer.Typer(
    help="Train a classifier, export it at every precision, and score each one through its runtime.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

_VARIANTS: TypeAdapter[tuple[Variant, ...]] = TypeAdapter(tuple[Variant, ...])
_DATA_HELP = "breast_cancer, digits, wine, iris, fashion_mnist, mnist, or a path: .npy, .npz, .csv or .csv.gz"
_TRAIN_EXAMPLES = """Examples:

    python -m training train --data digits --model cnn

    python -m training train --data fashion_mnist --data-dir ~/fashion-mnist --model cnn --epochs 10

    python -m training train --data churn.csv --label left --missing drop --hidden 128,64 --name churn

    python -m training train --data news.csv.gz --label topic --text body --split part --model cnn

    python -m training train --data loans.csv --label decision --text note --missing fill
"""
_EVALUATE_EXAMPLES = """Examples:

    python -m training evaluate models/digits/1

    python -m training evaluate models/churn/3 --data last_month.csv --label left
"""

DataDir = Annotated[Path | None, typer.Option(help="Where the files of fashion_mnist or mnist already are.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to predict, of a .csv.")]
KindOption = Annotated[
    Kind | None, typer.Option(help="What a row is, where its number of dimensions does not tell.")
]
MissingOption = Annotated[
    Missing,
    typer.Option(help="Missing values: refuse them, drop their rows, or have the model fill them in (.csv)."),
]
Split = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="The column of a .csv that says 'test' in the rows kept for the test."
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
            help="mlp: units a layer (64,64). cnn: filters a block (16,32). rnn: units a layer (64).",
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
            help="Of float32, float16, dynamic_int8, int8, int16x8, tensorflow; all by default, and float32 "
            "always: the others are compared with it.",
        ),
    ] = None,
    data_dir: DataDir = None,
    label: Label = None,
    text: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column of a .csv that is a text; repeatable."),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column of a .csv that is a category, though it looks otherwise; repeatable.",
        ),
    ] = None,
    split: Split = None,
    tokens: Annotated[
        int | None,
        typer.Option(help="Words of a text that are read; by default what 95% of them have, at most 256."),
    ] = None,
    vocabulary: Annotated[int, typer.Option(help="Words that a model of texts knows, at most.")] = 4000,
    embedding: Annotated[int, typer.Option(help="Numbers that a word becomes.")] = 32,
    kind: KindOption = None,
    missing: MissingOption = "error",
) -> None:
    """Train a model, export every variant, score each one, and publish the bundle."""
    config = TrainConfig(
        data=data,
        label=label,
        text=tuple(text or ()),
        category=tuple(category or ()),
        split=split,
        tokens=tokens,
        vocabulary=vocabulary,
        embedding=embedding,
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
    )

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
    if variants is not None and published.failures:
        raise typer.Exit(1)


@app.command(epilog=_EVALUATE_EXAMPLES)
def evaluate(
    *,
    bundle: Annotated[Path, typer.Argument(metavar="MODELS/NAME/VERSION", help="The folder of a bundle.")],
    data: Annotated[str | None, typer.Option(help=f"{_DATA_HELP}; by default its own test rows.")] = None,
    data_dir: DataDir = None,
    label: Label = None,
    split: Split = None,
    kind: KindOption = None,
    missing: MissingOption = "error",
) -> None:
    """Score and time every variant of a bundle."""
    if data is None and (data_dir, label, split, kind, missing) != (None, None, None, None, "error"):
        raise OptionError(
            "--data-dir, --label, --split, --kind and --missing say how to read --data; give that too"
        )
    config = (
        None
        if data is None
        else DataConfig(data=data, data_dir=data_dir, label=label, split=split, kind=kind, missing=missing)
    )

    from training.console import BarProgress, native_noise_kept_aside, print_table
    from training.pipeline import rescore

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        evaluations = rescore(bundle, config, progress=progress)
    rows = evaluations[0].scores.rows
    print_table(f"{bundle}: {rows:,} rows", evaluations, {}, "One thread. Times are of this machine, now.")


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
