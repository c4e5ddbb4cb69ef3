"""Exact percentiles of raw samples, with an interval that assumes no distribution."""

from __future__ import annotations

from bisect import bisect_left
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
    ordered: npt.NDArray[np.float64], percent: float, confidence: float = CONFIDENCE, *, burst: float = 1.0
) -> Estimate:
    """Return the nearest-rank percentile of ascending samples, shape (n,), between two of the samples.

    The number of samples below the true percentile is binomial, whatever the distribution, so two ranks hold
    it with the `confidence` (the order-statistic interval: David and Nagaraja, Order Statistics, 2003, 7.1).
    Where `burst` samples tell no more than one (`windows.design_effect`), as those of one stall do, the ranks
    are those of as many fewer samples (Woodruff 1952, "Confidence intervals for medians and other position
    measures"). An end that so few samples cannot bound is infinite: the true p99 may well lie above the
    largest of 100. Raises ValueError where there are none, or unless 0 < percent <= 100.
    """
    from scipy.special import betainc  # half a second, which whoever asks for no interval need not wait

    size, share, tail = len(ordered), percent / 100, (1 - confidence) / 2
    rank = _rank(size, percent)
    if not rank:
        raise ValueError("no percentile of no samples")

    def is_above(rank: int) -> bool:
        """Tell whether it were improbable that so many samples are below the true percentile."""
        return float(betainc(rank / burst, (size - rank) / burst + 1, share)) <= tail

    def is_below(rank: int) -> bool:
        """Tell whether it were improbable that no more samples than those before are."""
        return float(betainc((size - rank + 1) / burst, (rank - 1) / burst + 1, 1 - share)) <= tail

    ranks = range(1, size + 1)
    low = bisect_left(ranks, True, key=lambda one: not is_below(one))
    high = bisect_left(ranks, True, key=is_above) + 1
    value = float(ordered[rank - 1])
    return Estimate(
        value,
        min(value, float(ordered[low - 1])) if low >= 1 else -inf,
        max(value, float(ordered[high - 1])) if high <= size else inf,
    )


def _rank(size: int, percent: float) -> int:
    """Return the place, from 1 on, of a percentile in ascending samples; 0 where there are none."""
    if not 0 < percent <= 100:
        raise ValueError(f"percentile {percent} is not in (0, 100]")
    # In floating point 7% of 100 is 7.000000000000001, whose ceiling is 8.
    return ceil(Fraction(str(percent)) * size / 100)
