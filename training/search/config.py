"""What a search is told: what to train, what is demanded of it, and how long it may look."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bundle.runtimes.base import BATCH_MAX
from training.config import TrainConfig
from training.precisions import FAST, SAVED_MODEL, Variant, in_order


class SearchConfig(BaseModel):
    """A whole search.

    Example:
        SearchConfig(base=TrainConfig(data="digits", model="cnn"), max_accuracy_drop=0.005, max_row_us=50)
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, title="Search"
    )

    base: TrainConfig
    """The untuned model, and all that the search leaves alone."""
    max_accuracy_drop: Annotated[float, Field(ge=0, lt=1)]
    """Accuracy that may be lost against the untuned model in float32, as a share: 0.005 is half a point."""
    max_row_us: Annotated[float, Field(gt=0)]
    """Microseconds that one row may take in its runtime."""
    trials: Annotated[int, Field(ge=1, le=100_000)] = 40
    """Trials in all, that of the untuned model and those of an earlier run of the study too."""
    timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds after which the search is over; what it found is published, a trial that was running is not."""
    study: str | None = Field(None, json_schema_extra={"metavar": "URL"})
    """Where to keep the study and go on with it, as sqlite:///tune.db; by default, in memory."""
    # 32, since it is where rows come in batches that the model costs: with one row a request, HTTP does, and
    # no model is fast enough to be noticed. A call of 32 also lasts long enough to be told from the noise of
    # the clock and the machine.
    rows: Annotated[int, Field(ge=1, le=BATCH_MAX)] = 32
    """Rows in a call that is timed; at 1, HTTP costs more than most models."""
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)] = FAST
    """The precisions to choose from; float32 is always one, as that of the untuned model."""

    @field_validator("variants")
    @classmethod
    def _of_litert(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        if SAVED_MODEL in variants:
            raise ValueError(f"{SAVED_MODEL} is not a precision; a search times what LiteRT runs")
        return in_order(variants)
