"""The program: `python -m training train`, `tune`, `evaluate` and `diagnose`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from bundle.errors import BundleError
from bundle.manifest import REFERENCE
from bundle.normalizer import Method
from bundle.store import open_bundle
from training.cli.proof import MARGIN, Proof
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
from training.data.records import VOCABULARY
from training.errors import OptionError, TrainingError
from training.rung import PLAIN_WIDTH, name_of

app = typer.Typer(
    help="Train a classifier, export it at every precision, and score each one through its runtime.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Given = TypeVar("Given")

_VARIANTS: TypeAdapter[tuple[Variant, ...]] = TypeAdapter(tuple[Variant, ...])
_DATA_HELP = "breast_cancer, digits, wine, iris, fashion_mnist, mnist, or a path: .npy, .npz, .csv or .csv.gz"
_TRAIN_EXAMPLES = """Examples:

    python -m training train --data digits --model cnn

    python -m training train --data fashion_mnist --data-dir ~/fashion-mnist --model cnn --epochs 10

    python -m training train --data churn.csv --label left --missing drop --hidden 128,64 --name churn

    python -m training train --data digits --model cnn --repeats 5 --margin 0.01 --json digits.json

    python -m training train --data digits --model cnn --widths 0.25,0.5,1,2 --plot pictures

    python -m training train --data news.csv.gz --label topic --text body --split part --model cnn

    python -m training train --data loans.csv --label decision --text note --missing fill
"""
_TUNE_EXAMPLES = """Examples:

    python -m training tune --data digits --model cnn --max-accuracy-drop 0.005 --max-row-us 5

    python -m training tune --data churn.csv --label left --max-accuracy-drop 0 --max-row-us 0.5 --rows 1
    --trials 100 --timeout 600 --study sqlite:///churn.db
"""
_EVALUATE_EXAMPLES = """Examples:

    python -m training evaluate models/digits/1

    python -m training evaluate models/churn/3 --data last_month.csv --label left

    python -m training evaluate models/digits/1 --margin 0.01 --plot pictures
"""

_DIAGNOSE_EXAMPLES = """Examples:

    python -m training diagnose models/digits/1 --variant int8

    python -m training diagnose models/churn/3 --variant int8 --data last_month.csv --label left
"""

DataDir = Annotated[Path | None, typer.Option(help="Where the files of fashion_mnist or mnist already are.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column to predict, of a .csv.")]
KindOption = Annotated[
    Kind | None, typer.Option(help="What a row is, where its number of dimensions does not tell.")
]
MarginOption = Annotated[
    float, typer.Option(help="How much less accurate than float32 a variant may be, as a share of the rows.")
]
JsonOption = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Write every figure, unrounded, to this file.")
]
PlotOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Draw pictures into this folder: ladder.png, confusion.png, and, of a training, history.png.",
    ),
]
MissingOption = Annotated[
    Missing,
    typer.Option(help="Missing values: refuse them, drop their rows, or have the model fill them in (.csv)."),
]
Text = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="A column of a .csv that is a text; repeatable."),
]
Category = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN", help="A column of a .csv that is a category, though it looks otherwise; repeatable."
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="The column of a .csv that says 'test' in the rows kept for the test."
    ),
]
Tokens = Annotated[
    int | None,
    typer.Option(help="Words of a text that are read; by default what 95% of them have, at most 256."),
]
VocabularySize = Annotated[int, typer.Option(help="Words that a model of texts knows, at most.")]
Embedding = Annotated[int, typer.Option(help="Numbers that a word becomes.")]


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
    split_seed: Annotated[
        int | None, typer.Option(help="The seed of the split alone; by default that of --seed.")
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(
            help="Train with so many seeds, on one split, and show how they differ; the first is published."
        ),
    ] = 1,
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
    data_dir: DataDir = None,
    label: Label = None,
    text: Text = None,
    category: Category = None,
    split: Split = None,
    tokens: Tokens = None,
    vocabulary: VocabularySize = VOCABULARY,
    embedding: Embedding = 32,
    kind: KindOption = None,
    missing: MissingOption = "error",
    margin: MarginOption = MARGIN,
    json: JsonOption = None,
    plot: PlotOption = None,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write logs for TensorBoard.")
    ] = None,
) -> None:
    """Train a model, export every variant, score each one, and publish the bundle."""
    proof = Proof(margin, json, plot, repeats)
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
        split_seed=split_seed,
        variants=VARIANTS if variants is None else _variants(variants),
        widths=(PLAIN_WIDTH,) if widths is None else _numbers("--widths", widths),
    )

    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.models.events import logged
    from training.models.fit import Epoch
    from training.report import history_picture
    from training.report.tables import print_table
    from training.runs.pipeline import train as run
    from training.runs.repeats import repeat

    if plot is not None:
        plot.mkdir(parents=True, exist_ok=True)  # before the training, which may take long
    passed: list[Epoch] = []
    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress, logged(tensorboard) as log:
        published = run(config, models, progress=progress, on_epoch=_both(passed.append, log))
        for variant, reason in published.failures.items():
            progress.warn(f"variant {variant} is left out: {reason}")
        repeated = repeat(config, repeats, progress=progress)
    print_table(
        f"{published.bundle.folder}: {published.bundle.manifest.provenance.test_rows:,} test rows",
        published.evaluations,
        published.failures,
        "One thread; tensorflow: every core. Times are of this machine, now.",
    )
    if plot is not None:
        history_picture.draw(
            passed, f"{published.bundle.name}/{published.bundle.version}", plot / history_picture.FILE_NAME
        )
    proof.show(
        f"{published.bundle.name}/{published.bundle.version}",
        published.evaluations,
        published.bundle.manifest.labels,
        seed,
        repeated,
    )
    # Where nobody names variants, one that this model cannot have, as texts no int16x8, is no failure.
    lost_width = any(name_of(width, REFERENCE) in published.failures for width in config.widths)
    if lost_width or (variants is not None and published.failures):
        raise typer.Exit(1)


@app.command(epilog=_TUNE_EXAMPLES)
def tune(
    *,
    data: Annotated[str, typer.Option(help=_DATA_HELP)],
    max_accuracy_drop: Annotated[
        float,
        typer.Option(
            help="Accuracy that may be lost against the untuned model in float32; 0.005 is half a point."
        ),
    ],
    max_row_us: Annotated[float, typer.Option(help="Microseconds that one row may take in its runtime.")],
    model: Annotated[Architecture, typer.Option(help="The architecture.")] = "mlp",
    models: Annotated[Path, typer.Option(help="The folder of models to publish in.")] = Path("models"),
    name: Annotated[str | None, typer.Option(help="The model's name; by default the data set's.")] = None,
    trials: Annotated[
        int, typer.Option(help="Trials in all, those of an earlier run of the study too.")
    ] = 40,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which the search is over; what it found is published.")
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where to keep the study and go on with it, as sqlite:///tune.db."),
    ] = None,
    rows: Annotated[
        int,
        typer.Option(help="Rows in a call that is timed; at 1, HTTP costs more than most models."),
    ] = 32,
    variants: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...",
            help="Precisions to choose from; by default float32, float16, dynamic_int8 and int8. float32 "
            "always is one: the untuned model is compared in it.",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(help="At most so many passes over the training rows, a trial.")] = 10,
    cell: Annotated[Cell, typer.Option(help="The cell of an rnn.")] = "lstm",
    seed: Annotated[int, typer.Option(help="Of the splits, the models and the search.")] = 42,
    out: Annotated[Path, typer.Option(help="The folder for the picture of the front, front.png.")] = Path(
        "reports/tune"
    ),
    data_dir: DataDir = None,
    label: Label = None,
    text: Text = None,
    category: Category = None,
    split: Split = None,
    tokens: Tokens = None,
    vocabulary: VocabularySize = VOCABULARY,
    embedding: Embedding = 32,
    kind: KindOption = None,
    missing: MissingOption = "error",
) -> None:
    """Search for a model that is as accurate and as fast as demanded, and publish it, or the nearest.

    Tried are width, depth, learning rate, batch size, optimiser and precision, by Optuna, for two objectives:
    accuracy on validation rows, and time a row, both of the very graph that would be served, in LiteRT. The
    first trial is the untuned model in float32, which accuracy is measured against. Test rows decide nothing
    before the end. Ctrl-C ends the search early: what was found until then is published.

    Ends with 0 if both demands are met, 1 if not, 2 after a mistake.
    """
    from training.search.config import SearchConfig

    base = TrainConfig(
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
        cell=cell,
        epochs=epochs,
        seed=seed,
    )
    told = {
        "base": base,
        "max_accuracy_drop": max_accuracy_drop,
        "max_row_us": max_row_us,
        "trials": trials,
        "timeout": timeout,
        "study": study,
        "rows": rows,
    }
    config = SearchConfig.model_validate(
        told if variants is None else told | {"variants": _variants(variants)}
    )

    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.export.standby import Standby
    from training.report import front_picture, search
    from training.search.tuning import Tuning

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress, Standby() as convert:
        tuning = Tuning(config, progress, convert)
        out.mkdir(parents=True, exist_ok=True)  # before the search, which may take long
        found = tuning.search()
        if found.interrupted:
            progress.warn("interrupted: what was found until now is published; Ctrl-C again ends all")
        final = tuning.publish(found, models)
    picture = out / front_picture.FILE_NAME
    title = f"{final.published.bundle.name}: {len(found.candidates)} trained models"
    front_picture.draw(found.candidates, found.reference, found.chosen, found.demand, title, picture)
    search.print_front(found, config)
    for sentence in (*search.sentences(found, final, config), f"Picture: {picture}"):
        print(sentence)
    if search.misses(found, final, config):
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
    margin: MarginOption = MARGIN,
    json: JsonOption = None,
    plot: PlotOption = None,
) -> None:
    """Score and time every variant of a bundle."""
    proof = Proof(margin, json, plot)
    config = _other_data(data, data_dir, label, split, kind, missing)

    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.report.tables import print_table
    from training.runs.rescore import rescore

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        evaluations = rescore(bundle, config, progress=progress)
    rows = evaluations[0].scores.rows
    print_table(f"{bundle}: {rows:,} rows", evaluations, {}, "One thread. Times are of this machine, now.")
    opened = open_bundle(bundle)
    proof.show(f"{opened.name}/{opened.version}", evaluations, opened.manifest.labels)


@app.command(epilog=_DIAGNOSE_EXAMPLES)
def diagnose(
    *,
    bundle: Annotated[Path, typer.Argument(metavar="MODELS/NAME/VERSION", help="The folder of a bundle.")],
    variant: Annotated[str, typer.Option(help="The variant that lost.")],
    against: Annotated[
        str | None,
        typer.Option(
            help="The variant to compare with; by default float32 of the same width, as w0.5-float32 for "
            "w0.5-int8."
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help=f"{_DATA_HELP}; by default its own test rows.")] = None,
    data_dir: DataDir = None,
    label: Label = None,
    split: Split = None,
    kind: KindOption = None,
    missing: MissingOption = "error",
    margin: MarginOption = MARGIN,
) -> None:
    """Say why a variant lost: layer by layer against float32, with what to try."""
    Proof(margin)
    config = _other_data(data, data_dir, label, split, kind, missing)

    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.diagnosis.diagnose import diagnose as look
    from training.report.diagnosis import layer_table, sentences
    from training.report.tables import show

    with native_noise_kept_aside() as stderr, BarProgress(stderr) as progress:
        found = look(bundle, variant, against=against, config=config, margin=margin, progress=progress)
    show(layer_table(found))
    print("", *sentences(found, margin), sep="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0 good, 1 what was asked for was not reached, 2 a mistake."""
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


def _other_data(
    data: str | None,
    data_dir: Path | None,
    label: str | None,
    split: str | None,
    kind: Kind | None,
    missing: Missing,
) -> DataConfig | None:
    """Return which data to look at instead of the bundle's own test rows; None where none is given."""
    if data is not None:
        return DataConfig(data=data, data_dir=data_dir, label=label, split=split, kind=kind, missing=missing)
    if (data_dir, label, split, kind, missing) != (None, None, None, None, "error"):
        raise OptionError(
            "--data-dir, --label, --split, --kind and --missing say how to read --data; give that too"
        )
    return None


def _both(first: Callable[[Given], object], second: Callable[[Given], object]) -> Callable[[Given], None]:
    def call(given: Given) -> None:
        first(given)
        second(given)

    return call


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
