"""The program that trains: as `training` does it, or as `keras.Model.fit` does with its defaults.

Nothing imports this file. It is a black box like the others, started as a process, and may know what it is
made of: from outside, `python -m training train` is mostly the import of TensorFlow, and no model is fitted
twice in it. Each way has a process of its own, since what makes ours repeat is set process-wide.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import keras

from training.config import TrainConfig
from training.data.files.sources import load
from training.data.prepare import Prepared, prepare
from training.models import architectures, fit

Part = tuple[Any, Any]  # normalised rows (n, features), class indices (n,)


def fitted_by_keras(model: Any, train: Part, validation: Part, config: TrainConfig) -> float:
    """Fit a model of more than two classes; return its validation accuracy after the last epoch."""
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        *train, validation_data=validation, epochs=config.epochs, batch_size=config.batch_size, verbose=0
    )
    return float(history.history["val_accuracy"][-1])


def fitted_by_us(model: Any, train: Part, validation: Part, config: TrainConfig) -> float:
    return fit.fit(model, train, validation, config)[-1].validation_accuracy


WAYS: dict[str, Callable[[Any, Part, Part, TrainConfig], float]] = {
    "ours": fitted_by_us,
    "keras": fitted_by_keras,
}


def main(way: str, told: dict[str, Any]) -> None:
    """Read a seed a line, and answer each with the seconds of a whole fit and its validation accuracy."""
    rows = told.pop("rows")
    base = TrainConfig.model_validate(told | {"patience": told["epochs"]})
    prepared = _prepared(base)
    normalize = prepared.normalizer.apply
    train = normalize(prepared.x_train[:rows]), prepared.y_train[:rows]
    validation = normalize(prepared.x_validation), prepared.y_validation
    for line in sys.stdin:
        config = base.model_copy(update={"seed": int(line)})
        if way == "ours":
            fit.make_repeatable(config.seed)
        keras.utils.set_random_seed(config.seed)
        model = architectures.build(config.model, prepared.input, len(prepared.labels), hidden=config.hidden)
        start = perf_counter()
        accuracy = WAYS[way](model, train, validation, config)
        answer = {"seconds": perf_counter() - start, "accuracy": accuracy, "rows": len(train[0])}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _prepared(config: TrainConfig) -> Prepared:
    return prepare(
        load(config),
        normalize=config.normalize,
        test_size=config.test_size,
        validation_size=config.validation_size,
        seed=config.seed,
    )


if __name__ == "__main__":
    main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
