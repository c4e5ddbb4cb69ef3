"""What a search is told: what to train, what is demanded of it, and how long it may look."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bundle.manifest import REFERENCE
from bundle.runtimes.base import BATCH_MAX
from training.config import VARIANTS, TrainConfig, Variant
from training.export.converter import SAVED_MODEL

# Those that have fast kernels on a CPU; the others can be asked for.
PRECISIONS: tuple[Variant, ...] = ("float32", "float16", "dynamic_int8", "int8")


class SearchConfig(BaseModel):
    """A whole search.

    Example:
        SearchConfig(base=TrainConfig(data="digits", model="cnn"), max_accuracy_drop=0.005, max_row_us=50)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    base: TrainConfig
    """The untuned model, and all that the search leaves alone."""
    max_accuracy_drop: Annotated[float, Field(ge=0, lt=1)]
    """Accuracy that may be lost against the untuned model in float32: 0.005 is half a point."""
    max_row_us: Annotated[float, Field(gt=0)]
    """Microseconds that one row may take in the runtime that serves it."""
    trials: Annotated[int, Field(ge=1, le=100_000)] = 40
    """Trials in all, the untuned model and those of an earlier run of the study among them."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds after which the search is over; a trial that is running then counts for nothing."""
    study: str | None = None
    """Where Optuna keeps the study, as sqlite:///tune.db; without it, in memory."""
    rows: Annotated[int, Field(ge=1, le=BATCH_MAX)] = 32
    """Rows in a call that is timed. 32, since it is where rows come in batches that the model costs: with
    one row a request, HTTP does, and no model is fast enough to be noticed. A call of 32 also lasts long
    enough to be told from the noise of the clock and the machine."""
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)] = PRECISIONS
    """The precisions to choose from; float32 is always one, as that of the untuned model."""

    @field_validator("variants")
    @classmethod
    def _of_litert(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if SAVED_MODEL in variants:
            raise ValueError(f"{SAVED_MODEL} is not a precision; a search times what LiteRT runs")
        return tuple(name for name in VARIANTS if name in variants or name == REFERENCE)
