"""A value with its interval: the one form in which everything that was estimated is handed on."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Literal, TypeAlias

CONFIDENCE = 0.95
"""How often the interval of an estimate holds the truth, unless said otherwise."""

ALIKE = 1.05
"""Figures whose ratio is known to be within this are alike: nobody ships for 5%."""

ALIKE_TAIL = 1.25
"""The same of a p99, which few answers make."""

Sign: TypeAlias = Literal[-1, 0, 1]
"""Below, not told apart, above."""


@dataclass(frozen=True)
class Estimate:
    """A value with the ends of its interval: what lies between them is not told apart from the value."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        """Raise ValueError where the value is not within its interval, as nothing is that is not a number."""
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} does not lie between {self.low} and {self.high}")

    @classmethod
    def unbounded(cls, value: float) -> Estimate:
        """Return a value of which too little was seen for an interval: nothing is told apart from it."""
        return Estimate(value, -inf, inf)

    @property
    def is_bounded(self) -> bool:
        return isfinite(self.low) and isfinite(self.high)

    @property
    def inverse(self) -> Estimate:
        """Of a ratio that is not negative: how many times the second figure is the first."""
        value = 1 / self.value if self.value else inf
        if not self.is_bounded:
            return Estimate.unbounded(value)
        return Estimate(value, 1 / self.high, 1 / self.low)

    def is_within(self, times: float) -> bool:
        """Tell whether the whole interval of a ratio lies within `times` of 1, either way."""
        return self.low >= 1 / times and self.high <= times

    def is_less_than(self, number: float) -> bool:
        """Tell whether the whole interval lies below a number."""
        return self.high < number

    def is_more_than(self, number: float) -> bool:
        """Tell whether the whole interval lies above a number."""
        return self.low > number

    def side_of(self, number: float) -> Sign:
        """Return on which side of a number the whole interval lies; 0 where it holds the number."""
        return 1 if self.is_more_than(number) else -1 if self.is_less_than(number) else 0

    def __contains__(self, number: float) -> bool:
        return self.low <= number <= self.high
