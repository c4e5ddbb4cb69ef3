"""Fits the architecture at every width, the widest first, so that narrower ones may learn from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from training.config import TrainConfig
from training.distill import Lesson
from training.errors import DivergedError, OptionError
from training.fit import Epoch
from training.rung import PLAIN_WIDTH, Rung, name_of


@dataclass(frozen=True)
class Fitted:
    """A model at one width, ready to be exported."""

    width: float
    model: Any
    history: list[Epoch]
    distilled: bool

    def rung(self, precision: str) -> Rung:
        return Rung(self.width, precision, self.distilled)


class FitWidth(Protocol):
    """Fits the model of one width: to the labels alone, or to a teacher's answers as well."""

    def __call__(self, width: float, lesson: Lesson | None) -> tuple[Any, list[Epoch]]: ...


def require_possible(config: TrainConfig) -> None:
    """Raise OptionError where nothing is narrow enough to be taught, or the loss leaves no room for it."""
    if not config.distill:
        return
    if len(config.widths) == 1:
        raise OptionError(
            f"--distill was given with the one width {config.widths[0]:g}; a narrower model needs a wider "
            "one to learn from, as in --widths 0.5,1"
        )
    if config.loss != "cross_entropy":
        raise OptionError(f"--distill was given with --loss {config.loss}; it goes with cross_entropy alone")


def fit_widths(
    config: TrainConfig, fit_width: FitWidth, warn: Callable[[str], None] = lambda message: None
) -> tuple[list[Fitted], dict[str, str]]:
    """Return what could be fitted, narrowest first, and why each variant that has no model failed.

    Raises DivergedError where width 1 itself, which the others are compared with, diverges.
    """
    fitted: dict[float, Fitted] = {}
    failures: dict[str, str] = {}
    widest = max(config.widths)
    for width in sorted(config.widths, reverse=True):
        lesson = None
        if config.distill and width != widest:
            if widest in fitted:
                lesson = Lesson(fitted[widest].model, config.temperature, config.distill_weight)
            else:
                warn(f"width {width:g} learns from the labels alone: the widest model failed")
        try:
            model, history = fit_width(width, lesson)
        except DivergedError as error:
            if width == PLAIN_WIDTH:
                raise
            failures |= {name_of(width, precision): str(error) for precision in config.variants}
            continue
        fitted[width] = Fitted(width, model, history, lesson is not None)
    return [fitted[width] for width in config.widths if width in fitted], failures
