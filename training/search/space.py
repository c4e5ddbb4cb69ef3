"""What a search may change of a model, within which bounds, and where the untuned one stands among it.

The untuned model is that of the base, whatever it is: bounds reach as far as it does, and the sizes of layers
keep its taper.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from typing import Any, Protocol, get_args

from bundle.manifest import REFERENCE
from training.config import Architecture, Optimizer, TrainConfig
from training.precisions import Variant

# Fields of the base that a trial has its own values for; those of the base are the untuned model's.
VARIED = ("hidden", "learning_rate", "batch_size", "optimizer")

# Units of a dense or recurrent layer, or filters of a CNN's first block: least, most, and the step, which
# keeps to what vectors fill.
WIDTHS: dict[Architecture, tuple[int, int, int]] = {
    "mlp": (16, 256, 16),
    "cnn": (4, 32, 4),
    "rnn": (16, 128, 16),
}
WIDTHS_OF_TEXTS = WIDTHS | {"cnn": (16, 128, 16)}  # around the one block of 64 that is the default for them
DEPTHS: dict[Architecture, int] = {"mlp": 3, "cnn": 3, "rnn": 2}
# How many times as large as the one before a further layer is, at most: as the default's are.
GROWTHS: dict[Architecture, float] = {"mlp": 1.0, "cnn": 3.0, "rnn": 1.0}
BATCH_SIZES = (16, 32, 64, 128)
LEARNING_RATES = (1e-4, 3e-1)  # what suits Adam to what suits plain gradient descent, on a log scale

Parameters = Mapping[str, Any]


class Suggests(Protocol):
    """Draws values, as an Optuna trial does."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int: ...
    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...
    def suggest_categorical(self, name: str, choices: Any) -> Any: ...


def widths_of(base: TrainConfig) -> tuple[int, int, int]:
    """Return the least width, the most, and the step between them."""
    low, high, step = (WIDTHS_OF_TEXTS if base.text else WIDTHS)[base.model]
    first = base.hidden[0]
    return min(low, first), max(high, first), gcd(step, first)


def suggest(trial: Suggests, base: TrainConfig, precisions: tuple[Variant, ...]) -> dict[str, Any]:
    """Draw one point of the space."""
    low, high, step = widths_of(base)
    slowest, fastest = LEARNING_RATES
    rates = min(slowest, base.learning_rate), max(fastest, base.learning_rate)
    return {
        "width": trial.suggest_int("width", low, high, step=step),
        "depth": trial.suggest_int("depth", 1, max(DEPTHS[base.model], len(base.hidden))),
        "learning_rate": trial.suggest_float("learning_rate", *rates, log=True),
        "batch_size": trial.suggest_categorical("batch_size", sorted({*BATCH_SIZES, base.batch_size})),
        "optimizer": trial.suggest_categorical("optimizer", list(get_args(Optimizer))),
        "precision": trial.suggest_categorical("precision", list(precisions)),
    }


def untuned(base: TrainConfig) -> dict[str, Any]:
    """Return the point of the base itself, in float32."""
    return {
        "width": base.hidden[0],
        "depth": len(base.hidden),
        "learning_rate": base.learning_rate,
        "batch_size": base.batch_size,
        "optimizer": base.optimizer,
        "precision": REFERENCE,
    }


def config_of(base: TrainConfig, point: Parameters) -> TrainConfig:
    """Return the training run of a point."""
    changed = {
        "hidden": hidden_of(base, point["width"], point["depth"]),
        "learning_rate": point["learning_rate"],
        "batch_size": point["batch_size"],
        "optimizer": point["optimizer"],
        "variants": (point["precision"],),
        "max_accuracy_drop": None,  # of `mixed`, which no trial has
        "objective": None,
    }
    return TrainConfig.model_validate(base.model_dump() | changed)


def hidden_of(base: TrainConfig, width: int, depth: int) -> tuple[int, ...]:
    """Return the sizes of layers, tapered as those of the base: of (128, 64), 32 and 2 give (32, 16)."""
    sizes: list[float] = [width * size / base.hidden[0] for size in base.hidden[:depth]]
    growth = GROWTHS[base.model]
    if len(base.hidden) > 1:
        growth = min(growth, base.hidden[-1] / base.hidden[-2])
    while len(sizes) < depth:
        sizes.append(sizes[-1] * growth)
    return tuple(max(1, int(size + 0.5)) for size in sizes)
