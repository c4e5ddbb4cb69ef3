"""How far two accuracies lie apart, with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from evidence.percentiles import Interval, wilson

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """One accuracy less another, as a share: 0.01 is a point."""

    value: float
    low: float
    high: float
    rows: int
    """Unique rows that it rests on; of the smaller side, where the sides had rows of their own."""
    is_paired: bool
    """Both were asked about the very same rows, which makes the interval narrower."""

    @property
    def is_less(self) -> bool:
        return self.high < 0

    @property
    def is_more(self) -> bool:
        return self.low > 0


def paired_difference(
    ours: npt.NDArray[np.float64], theirs: npt.NDArray[np.float64], *, confidence: float = CONFIDENCE
) -> Difference | None:
    """Return the difference over the test rows that both have answered, by square and add.

    `ours` and `theirs` are the share of right answers to each test row, shape (test rows,), NaN where the row
    was not seen. The interval is method 10 of Newcombe (1998), "Improved confidence intervals for the
    difference between binomial proportions based on paired data": it joins both Wilson intervals, and takes
    off what the two have in common. None where there is no row that both have answered.
    """
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    count = int(np.count_nonzero(both))
    if not count:
        return None
    one, other = ours[both], theirs[both]
    right, gained, lost = (
        float(part.sum())
        for part in (np.minimum(one, other), np.maximum(one - other, 0), np.maximum(other - one, 0))
    )
    wrong = max(0.0, count - right - gained - lost)
    shares = (min(1.0, (right + gained) / count), min(1.0, (right + lost) / count))
    low, high = _square_and_add(shares, (count, count), _correlation(right, gained, lost, wrong), confidence)
    return Difference(shares[0] - shares[1], low, high, count, is_paired=True)


def unpaired_difference(
    ours: tuple[float, int], theirs: tuple[float, int], *, confidence: float = CONFIDENCE
) -> Difference:
    """Return the difference of two accuracies, each a share and the number of rows it is of.

    The interval is method 10 of Newcombe (1998), "Interval estimation for the difference between independent
    proportions". It is too wide where the rows were the same, and never too narrow for that.
    """
    low, high = _square_and_add((ours[0], theirs[0]), (ours[1], theirs[1]), 0.0, confidence)
    return Difference(ours[0] - theirs[0], low, high, min(ours[1], theirs[1]), is_paired=False)


def _square_and_add(
    shares: tuple[float, float], counts: tuple[int, int], correlation: float, confidence: float
) -> tuple[float, float]:
    one, other = (
        wilson(share, count, confidence=confidence) for share, count in zip(shares, counts, strict=True)
    )
    value = shares[0] - shares[1]
    down = _join(shares[0] - one.low, other.high - shares[1], correlation)
    up = _join(one.high - shares[0], shares[1] - other.low, correlation)
    inside = Interval(max(-1.0, value - down), min(1.0, value + up))
    return min(value, inside.low), max(value, inside.high)


def _join(one: float, other: float, correlation: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * correlation * one * other + other**2))


def _correlation(right: float, gained: float, lost: float, wrong: float) -> float:
    """Return phi of the fourfold table, lessened as Newcombe does, so that the interval is not too narrow."""
    margins = (right + gained) * (lost + wrong) * (right + lost) * (gained + wrong)
    if margins <= 0:
        return 0.0
    excess = right * wrong - gained * lost
    half = (right + gained + lost + wrong) / 2
    return (max(0.0, excess - half) if excess >= 0 else excess) / sqrt(margins)
