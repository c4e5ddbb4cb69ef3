"""Means and ratios from many short rounds, of which a few were disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log

import numpy as np

from evidence.estimate import Estimate
from evidence.ratios import level_of_logs

_TRIM = 0.2  # the share of the rounds that is left out at each end


def trimmed_mean(values: Sequence[float]) -> float:
    """Return the mean of the values without the fifth that is smallest and that which is largest.

    Raises ValueError where there are none, or one is no number.
    """
    if not len(values) or any(map(isnan, values)):
        raise ValueError(f"no mean of {values}")
    ordered = np.sort(np.asarray(values, np.float64))
    out = int(_TRIM * len(ordered))
    return float(ordered[out : len(ordered) - out].mean())


def trimmed_level(figures: Sequence[float]) -> Estimate:
    """Return the trimmed geometric mean of the rounds' figures, with its interval.

    Raises ValueError where there are none, or one is not above 0.
    """
    if not all(one > 0 for one in figures):
        raise ValueError(f"no level of {figures}")
    return level_of_logs([log(one) for one in figures], trim=_TRIM)


def trimmed_ratio(ours: Sequence[float], theirs: Sequence[float]) -> Estimate:
    """Return the trimmed geometric mean of the rounds' ratios, with its interval.

    Figures are matched by their place, as far as both go. Raises ValueError as `trimmed_level` does.
    """
    pairs = list(zip(ours, theirs, strict=False))
    if not all(min(pair) > 0 for pair in pairs):
        raise ValueError(f"no ratio of {ours} to {theirs}")
    return trimmed_level([one / other for one, other in pairs])
