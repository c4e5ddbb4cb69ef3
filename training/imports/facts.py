"""What is known of a model that others made once it has been opened."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self, TypeAlias

from bundle.manifest import REFERENCE

Batch: TypeAlias = Literal["any", "one"]


@dataclass(frozen=True)
class Facts:
    """What an opened model takes and answers, and what can be made of it."""

    format: str
    """The name of one of `opening.FORMATS`."""
    shape: tuple[int, ...]
    """Of one row: the graph takes (batch, *shape)."""
    columns: int
    """Numbers that it answers to a row; a single one is the score of the second of two classes."""
    weights: int
    bounded: bool | None
    """Whether its last operation makes probabilities, a softmax or sigmoids; None where that is not seen."""
    is_float: bool
    """Whether rows and answers are float32: then others can be made of it, as far as its precision allows."""
    precision: str = REFERENCE
    """What the file itself is, by a name of `training.precisions`."""
    dtype: str = "float32"
    """Of its input: float32, int8, uint8 or int16."""
    scale: float = 1.0
    zero_point: int = 0
    """An integer input holds number / scale + zero_point."""
    batch: Batch = "one"
    """Whether it answers "any" number of rows in one call, or "one"."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        values = json.loads(text)
        return cls(**values | {"shape": tuple(values["shape"])})
