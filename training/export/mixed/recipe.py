"""How a mixed graph was made, and what is known of it: kept in the manifest, and enough to make it again."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bundle.manifest import REFERENCE
from training.config import Objective
from training.export.mixed.harm import least_shown
from training.precisions import CALIBRATED, FLOAT_BITS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Wish(_Strict):
    """What is asked for."""

    max_accuracy_drop: float
    objective: Objective = "bytes"


class OperationRecipe(_Strict):
    """What became of one operation."""

    name: str
    """The operation's own, in the graph; of an unrolled cell, that of its first step."""
    kind: str
    weights: int
    setting: str
    bits: int
    """Of a weight."""


class Recipe(_Strict):
    """How a mixed graph was made of the float graph."""

    wish: Wish
    held: bool
    """Whether the drop is shown, on validation rows, to be no more than allowed."""
    validation_rows: Annotated[int, Field(ge=1)]
    drop: float
    """Accuracy lost on validation rows, as a share; less than 0 where it was won."""
    expected_drop: float
    """What is to be expected on other rows, by what the float graph gives to the answers that changed."""
    expected_drop_high: float
    """The upper end of its one-sided 95% interval: the drop is shown to be no more than this."""
    divergence: float
    """Nats by which the answers diverge from the float graph's, on average."""
    tried: int
    """Graphs that were made and asked."""
    operations: tuple[OperationRecipe, ...]

    @property
    def calibrated(self) -> bool:
        """Whether the ranges of an operation are fixed, from rows that were shown."""
        return any(one.setting in CALIBRATED for one in self.operations)

    def in_words(self) -> str:
        """Say it in one line."""
        counts = sorted(Counter(one.bits for one in self.operations).items())
        parts = ", ".join(f"{count} in {_bits_in_words(bits)}" for bits, count in counts)
        found = (
            f"accuracy drop on {self.validation_rows:,} validation rows {self.drop:.4f}, to be expected "
            f"{self.expected_drop:.4f} (at most {self.expected_drop_high:.4f})"
        )
        end = "" if self.held else f": the nearest to {self.wish.max_accuracy_drop:g}, {self._why_not_held}"
        return f"{len(self.operations)} operations, {parts}; {found}{end}"

    @property
    def _why_not_held(self) -> str:
        """Say what a budget lacks that is not held: rows, where no drop can be seen in those there are."""
        most = self.wish.max_accuracy_drop
        if max(self.drop, self.expected_drop) > most or self.expected_drop_high > least_shown(
            self.validation_rows
        ):
            return "which could not be shown to hold"
        if most == 0:
            return "which no number of rows can show to hold"
        return f"which takes {ceil(least_shown(1) / most):,} validation rows or more to show"


def _bits_in_words(bits: int) -> str:
    return REFERENCE if bits == FLOAT_BITS else f"{bits} bits"
