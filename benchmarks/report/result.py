"""What a part of the benchmark came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.report.figure import Figure


@dataclass
class Result:
    """A part's figures, every sample behind them, and what was not measured, with the reason."""

    part: str
    title: str
    conditions: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    """By the name of the comparison, and of who is compared: of most parts a `Sample` a round."""
    notes: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    """Runs that count for nothing or did not come about, each with the reason."""

    @property
    def is_bad(self) -> bool:
        """Whether a figure missed its aim, or a run was void."""
        return bool(self.void) or any(figure.is_met is False for figure in self.figures)
