"""Which of the trained models are worth having, and which one is nearest to what is demanded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from evidence.estimate import Estimate
from evidence.pareto import front


@dataclass(frozen=True)
class Candidate:
    """One trained model at one precision, as it would be served."""

    number: int
    point: Mapping[str, Any]
    """Where it is in the space."""
    accuracy: float
    """On the validation rows, through the runtime."""
    row_us: Estimate
    weights: int


@dataclass(frozen=True)
class Demand:
    """The least accuracy, and the most microseconds a row; `rows` are those that accuracy is counted on."""

    accuracy: float
    row_us: float
    rows: int

    def is_met_by(self, accuracy: float, row_us: Estimate) -> bool:
        """Tell whether accuracy is high enough, and the whole interval of the time low enough."""
        # Shares of whole rows: what is a rounding error beside one row is none.
        return accuracy >= self.accuracy - 1e-9 and row_us.high <= self.row_us

    def excess(self, accuracy: float, row_us: Estimate) -> float:
        """Return how far off a model is, 0 where both demands are met.

        Time and errors each count by their ratio to what is allowed, as logarithms, so that twice the time
        is as far off as twice the errors. Where no error is allowed, half a row's stands for it.
        """
        half = 0.5 / self.rows
        errors = max(1 - accuracy, half) / max(1 - self.accuracy, half)
        return log(max(1.0, errors)) + log(max(1.0, row_us.value / self.row_us))


def pareto(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return those that no other beats in one objective without losing in the other, fastest first.

    Of equals, the one that was trained first stands for all.
    """
    numbered = sorted(candidates, key=lambda one: one.number)
    return [numbered[place] for place in front([(-one.row_us.value, one.accuracy) for one in numbered])]


def choose(candidates: Sequence[Candidate], demand: Demand) -> Candidate:
    """Return the first of those that meet both demands; else the nearest.

    The most accurate rather than the fastest: whatever just holds on validation rows holds on others by
    luck. It is on the front, or equal to one that is.
    """
    if met := meeting(candidates, demand):
        return met[0]
    return min(
        candidates,
        key=lambda one: (demand.excess(one.accuracy, one.row_us), one.row_us.value, one.number),
    )


def meeting(candidates: Sequence[Candidate], demand: Demand) -> list[Candidate]:
    """Return those that meet both demands, the most accurate first, the faster of equals."""
    met = [one for one in candidates if demand.is_met_by(one.accuracy, one.row_us)]
    return sorted(met, key=lambda one: (-one.accuracy, one.row_us.value, one.number))
