"""What a search may change of a model, within which bounds, and where the untuned one stands among it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from training.config import Architecture, TrainConfig, Variant

# Units of a dense or recurrent layer, or filters of a CNN's first block (each block has three times those of
# the one before, as the default has): least, most, and the step, which keeps to what vectors fill.
WIDTHS: dict[Architecture, tuple[int, int, int]] = {
    "mlp": (16, 256, 16),
    "cnn": (4, 32, 4),
    "rnn": (16, 128, 16),
}
WIDTHS_OF_TEXTS = WIDTHS | {"cnn": (16, 128, 16)}  # around the one block of 64 that is the default for them
DEPTHS: dict[Architecture, int] = {"mlp": 3, "cnn": 3, "rnn": 2}
BATCH_SIZES = (16, 32, 64, 128)
OPTIMIZERS = ("adam", "sgd")
LEARNING_RATES = (1e-4, 3e-1)  # what suits Adam to what suits plain gradient descent, on a log scale

Parameters = Mapping[str, Any]


class Suggests(Protocol):
    """Draws values, as an Optuna trial does."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int: ...
    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_categorical(self, name: str, choices: Any) -> Any: ...


def widths_of(base: TrainConfig) -> tuple[int, int, int]:
    """Return the least width, the most, and the step between them."""
    return (WIDTHS_OF_TEXTS if base.text else WIDTHS)[base.model]


def suggest(trial: Suggests, base: TrainConfig, precisions: tuple[Variant, ...]) -> dict[str, Any]:
    """Draw one point of the space."""
    low, high, step = widths_of(base)
    return {
        "width": trial.suggest_int("width", low, high, step=step),
        "depth": trial.suggest_int("depth", 1, DEPTHS[base.model]),
        "learning_rate": trial.suggest_float("learning_rate", *LEARNING_RATES, log=True),
        "batch_size": trial.suggest_categorical("batch_size", list(BATCH_SIZES)),
        "optimizer": trial.suggest_categorical("optimizer", list(OPTIMIZERS)),
        "precision": trial.suggest_categorical("precision", list(precisions)),
    }


def untuned(base: TrainConfig) -> dict[str, Any]:
    """Return the point of the default model in float32."""
    return {
        "width": base.hidden[0],
        "depth": len(base.hidden),
        "learning_rate": base.learning_rate,
        "batch_size": base.batch_size,
        "optimizer": base.optimizer,
        "precision": "float32",
    }


def config_of(base: TrainConfig, point: Parameters) -> TrainConfig:
    """Return the training run of a point."""
    changed = {
        "hidden": hidden_of(base.model, point["width"], point["depth"]),
        "learning_rate": point["learning_rate"],
        "batch_size": point["batch_size"],
        "optimizer": point["optimizer"],
        "variants": (cast("Variant", point["precision"]),),
    }
    return TrainConfig.model_validate(base.model_dump() | changed)


def hidden_of(architecture: Architecture, width: int, depth: int) -> tuple[int, ...]:
    return tuple(width * 3**layer if architecture == "cnn" else width for layer in range(depth))
