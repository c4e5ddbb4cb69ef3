"""Fits the architecture at every width; one that cannot be fitted does not take the others with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.config import TrainConfig
from training.errors import DivergedError
from training.models.fit import Epoch
from training.precisions import PLAIN_WIDTH, name_of


@dataclass(frozen=True)
class Fitted:
    """A model at one width, ready to be exported."""

    width: float
    model: Any
    history: list[Epoch]


@dataclass(frozen=True)
class Trained:
    """What training gave: the models, narrowest first, and why each variant that has no model failed."""

    fitted: list[Fitted]
    failures: dict[str, str]
    folder: Path | None = None
    """Where the weights are kept until they are published."""


def fit_widths(config: TrainConfig, fit_width: Callable[[float], tuple[Any, list[Epoch]]]) -> Trained:
    """Fit what can be fitted.

    Raises DivergedError where width 1 itself, which the others are compared with, diverges.
    """
    fitted: list[Fitted] = []
    failures: dict[str, str] = {}
    for width in config.widths:
        try:
            fitted.append(Fitted(width, *fit_width(width)))
        except DivergedError as error:
            if width == PLAIN_WIDTH:
                raise
            failures |= {name_of(width, precision): str(error) for precision in config.variants}
    return Trained(fitted, failures)
