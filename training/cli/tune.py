"""`python -m training tune`: a search for a model that is as accurate and as fast as demanded."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bundle.store import require_writable
from training.cli.options import Options, with_options
from training.cli.proof import was_written
from training.cli.train import MODELS, Models
from training.search.config import SearchConfig
from training.search.space import VARIED

EXAMPLES = """Examples:

    python -m training tune --data digits --model cnn --max-accuracy-drop 0.005 --max-row-us 5

    python -m training tune --data churn.csv --label left --max-accuracy-drop 0 --max-row-us 0.5 --rows 1
    --trials 100 --timeout 600 --study sqlite:///churn.db

    python -m training tune --data churn.csv --label left --hidden 128,64 --class-weights
    --max-accuracy-drop 0.005 --max-row-us 1
"""
OPTIONS = Options(
    SearchConfig,
    without={
        "base.variants": "--variants are those that the search may choose from; a trial has one",
        "base.widths": "the search varies the width itself, and publishes one",
        "base.max_accuracy_drop": "--max-accuracy-drop is that of the search; mixed holds the same",
    },
    notes={"base.objective": "here mixed is only made where this is given, of the model that was chosen"}
    | {f"base.{name}": "here the untuned model's, from which the search goes on" for name in VARIED},
)


@with_options(OPTIONS)
def tune(
    config: SearchConfig,
    *,
    models: Models = MODELS,
    out: Annotated[Path, typer.Option(help="The folder for the picture of the front, front.png.")] = Path(
        "reports/tune"
    ),
) -> None:
    """Search for a model that is as accurate and as fast as demanded, and publish it, or the nearest.

    Tried are width, depth, learning rate, batch size, optimiser and precision, by Optuna, for two objectives:
    accuracy on validation rows, and time a row, both of the very graph that would be served, in LiteRT. The
    first trial is the untuned model in float32, which accuracy is measured against. Test rows decide nothing
    before the end. Ctrl-C ends the search early: what was found until then is published.

    Ends with 0 if both demands are met, time by its whole interval and accuracy as far as the test rows tell,
    1 if not, 2 after a mistake.
    """
    from training.cli.console import BarProgress, native_noise_kept_aside
    from training.export.worker import Worker
    from training.report import front_picture, search
    from training.report.recipes import recipes_in_words
    from training.runs.pipeline import model_name
    from training.search.lock import sole_user
    from training.search.tuning import Tuning

    for folder in (models, out):
        require_writable(folder)
    name = model_name(config.base)
    with (
        sole_user(config.study, name),
        native_noise_kept_aside() as stderr,
        BarProgress(stderr) as progress,
        Worker() as convert,
    ):
        tuning = Tuning(config, progress, convert)
        tuning.require_room(models)
        found = tuning.search()
        if found.interrupted:
            progress.warn("interrupted: what was found until now is published; Ctrl-C again ends all")
        try:
            final = tuning.publish(found, models)
        except BaseException:  # the trials are worth something without it
            search.print_front(found, config)
            raise
    found = replace(found, last_timed=final.candidate)
    picture = out / front_picture.FILE_NAME
    title = f"{final.published.bundle.name}: {len(found.candidates)} trained models"
    draw = partial(front_picture.draw, found.candidates, found.reference, found.chosen, found.demand, title)
    search.print_front(found, config)
    drawn = was_written(picture, draw)
    recipes = recipes_in_words(final.published.bundle.manifest)
    for sentence in (
        *recipes,
        *search.sentences(found, final, config),
        *([f"Picture: {picture}"] if drawn else []),
    ):
        typer.echo(sentence)
    if search.misses(found, final, config):
        raise typer.Exit(1)
