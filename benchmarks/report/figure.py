"""A figure of the result: its values, one a round, and what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Aim:
    """A bound that a figure should keep."""

    bound: float
    at_least: bool

    def is_met_by(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"


def at_least(bound: float) -> Aim:
    return Aim(bound, at_least=True)


def at_most(bound: float) -> Aim:
    return Aim(bound, at_least=False)


@dataclass(frozen=True)
class Figure:
    """The median over the rounds is what counts; the lowest and the highest say how far to trust it."""

    name: str
    values: tuple[float, ...]
    aim: Aim | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"figure {self.name!r} has no values")

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the median keeps the aim; None where there is none."""
        return None if self.aim is None else self.aim.is_met_by(self.median)


def shown(value: float) -> str:
    """Write a number with the digits that mean something: 14,700; 123; 61.3; 0.612."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
