"""A figure of the result: its values, one a round, and what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Aim:
    """What a figure should be: at least the one, and at most the other, where there is one."""

    low: float | None = None
    high: float | None = None

    def is_met_by(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None:
            return f"≤ {self.high:g}"
        return f"≥ {self.low:g}" if self.high is None else f"{self.low:g} … {self.high:g}"


def at_least(bound: float) -> Aim:
    return Aim(low=bound)


def at_most(bound: float) -> Aim:
    return Aim(high=bound)


def within(low: float, high: float) -> Aim:
    return Aim(low, high)


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
    """Write a number with the digits that mean something: 14,700; 123; 61.3; 0.612; 0.0067."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.3f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
