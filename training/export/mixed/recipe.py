"""How a mixed graph was made, and what is known of it: what the manifest keeps, and it can be made again by."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Objective = Literal["bytes", "time"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OperationRecipe(_Strict):
    """What became of one operation."""

    name: str
    """The operation's own, in the graph; of an unrolled cell, that of its first step."""
    kind: str
    weights: int
    setting: str


class Recipe(_Strict):
    """How a mixed graph was made of the float graph."""

    max_accuracy_drop: float
    objective: Objective
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

    def in_words(self) -> str:
        """Say it in one line."""
        counts = Counter(one.setting for one in self.operations)
        parts = ", ".join(f"{count} in {setting}" for setting, count in counts.most_common())
        found = (
            f"accuracy drop on {self.validation_rows:,} validation rows {self.drop:.4f}, to be expected "
            f"{self.expected_drop:.4f}, at most {self.expected_drop_high:.4f}"
        )
        end = "" if self.held else f": the nearest to {self.max_accuracy_drop:g}, which could not be held"
        return f"{len(self.operations)} operations: {parts}; {found}{end}"
