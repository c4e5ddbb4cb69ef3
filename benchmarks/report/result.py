"""What a part of the benchmark came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.measure.rounds import Samples
from benchmarks.report.figure import Figure


@dataclass
class Result:
    """A part's figures, every sample behind them, and what was not measured, with the reason."""

    part: str
    title: str
    conditions: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, Samples] = field(default_factory=dict)  # by the name of the comparison
    notes: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    """Runs that count for nothing or did not come about, each with the reason."""

    @property
    def is_bad(self) -> bool:
        """Whether a figure missed its aim, or a run was void."""
        return bool(self.void) or any(figure.is_met is False for figure in self.figures)
