"""Exact percentiles of raw samples, with an interval that assumes no distribution."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, inf

import numpy as np
import numpy.typing as npt

from evidence.estimate import CONFIDENCE, Estimate


def percentile(samples: npt.NDArray[np.float64], percent: float) -> float:
    """Return the nearest-rank percentile: the smallest sample with at least `percent` % at or below it.

    So it is always a latency that some request really had; nothing is rounded or interpolated. NaN where
    there are no samples. Raises ValueError unless 0 < percent <= 100.
    """
    rank = _rank(len(samples), percent)
    if not rank:
        return float("nan")
    return float(np.partition(samples, rank - 1)[rank - 1])


def percentile_of_ordered(
    ordered: npt.NDArray[np.float64], percent: float, confidence: float = CONFIDENCE
) -> Estimate:
    """Return the nearest-rank percentile of ascending samples, shape (n,), between two of the samples.

    The number of samples below the true percentile is binomial, whatever the distribution, so two ranks hold
    it with the `confidence` (the order-statistic interval: David and Nagaraja, Order Statistics, 2003, 7.1).
    Where so few samples cannot bound it from a side, that end is infinite: the true p99 may well lie above
    the largest of 100. It takes the samples for independent, which those of one stall are not: intervals of
    rounds are wider, and truer. Raises ValueError where there are none, or unless 0 < percent <= 100.
    """
    size = len(ordered)
    rank = _rank(size, percent)
    if not rank:
        raise ValueError("no percentile of no samples")
    tail = (1 - confidence) / 2
    low = _quantile(tail, size, percent / 100)
    high = _quantile(1 - tail, size, percent / 100) + 1
    value = float(ordered[rank - 1])
    return Estimate(
        value,
        min(value, float(ordered[low - 1])) if low >= 1 else -inf,
        max(value, float(ordered[high - 1])) if high <= size else inf,
    )


def _quantile(share: float, size: int, chance: float) -> int:
    """Return the least count that at most so many successes in `size` trials have a probability of `share`.

    It is `scipy.stats.binom.ppf`, whose module takes a second to import.
    """
    from scipy.special import bdtr, bdtrik  # half a second, which whoever asks for no interval need not wait

    count = ceil(float(bdtrik(share, size, chance)))
    return count - 1 if count > 0 and float(bdtr(count - 1, size, chance)) >= share else count


def _rank(size: int, percent: float) -> int:
    """Return the place, from 1 on, of a percentile in ascending samples; 0 where there are none."""
    if not 0 < percent <= 100:
        raise ValueError(f"percentile {percent} is not in (0, 100]")
    # In floating point 7% of 100 is 7.000000000000001, whose ceiling is 8.
    return ceil(Fraction(str(percent)) * size / 100)
