"""Exact percentiles of raw samples, and the interval of an accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri


@dataclass(frozen=True)
class Interval:
    """Where a share lies, with 95% confidence unless said otherwise."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def percentile(samples: npt.NDArray[np.float64], percent: float) -> float:
    """Return the nearest-rank percentile: the smallest sample with at least `percent` % at or below it.

    So it is always a latency that some request really had; nothing is rounded or interpolated. NaN where
    there are no samples. Raises ValueError unless 0 < percent <= 100.
    """
    if not 0 < percent <= 100:
        raise ValueError(f"percentile {percent} is not in (0, 100]")
    if len(samples) == 0:
        return float("nan")
    # In floating point 7% of 100 is 7.000000000000001, whose ceiling is 8.
    rank = ceil(Fraction(str(percent)) * len(samples) / 100)
    return float(np.partition(samples, rank - 1)[rank - 1])


def wilson(share: float, trials: int, *, confidence: float = 0.95) -> Interval:
    """Return the score interval of a share seen in `trials` trials (Wilson 1927).

    `share * trials` need not be whole. With no trials nothing is known, and the interval is 0 to 1.
    """
    if not 0 <= share <= 1 or trials < 0 or not 0 < confidence < 1:
        raise ValueError(f"no interval of share {share} in {trials} trials at confidence {confidence}")
    if trials == 0:
        return Interval(0.0, 1.0)
    z = float(ndtri((1 + confidence) / 2))
    centre = share + z**2 / (2 * trials)
    half = z * sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    # Rounding may put an end a last bit on the wrong side of the share, or of 0 and 1.
    return Interval(
        min(share, max(0.0, (centre - half) / scale)), max(share, min(1.0, (centre + half) / scale))
    )
