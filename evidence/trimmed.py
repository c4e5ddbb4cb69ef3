"""Means and ratios from many short rounds, of which a few were disturbed.

Tukey and McLaughlin, "Less vulnerable confidence and significance procedures for location based on a single
sample: trimming/winsorization 1", Sankhya A 25 (1963).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isnan, sqrt

import numpy as np

from evidence.estimate import CONFIDENCE, Estimate

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


def trimmed_ratio(ours: Sequence[float], theirs: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Return the trimmed geometric mean of the rounds' ratios, with Student's interval of their logarithms.

    Figures are matched by their place, as far as both go. The variance is that of the winsorized logarithms.
    Where fewer than two rounds are kept there is no interval. Raises ValueError for a figure not above 0.
    """
    rounds = min(len(ours), len(theirs))
    figures = np.array([ours[:rounds], theirs[:rounds]], np.float64)
    if rounds == 0 or not (figures > 0).all():
        raise ValueError(f"no ratio of {ours} to {theirs}")
    logs = np.sort(np.log(figures[0]) - np.log(figures[1]))
    out = int(_TRIM * rounds)
    kept = rounds - 2 * out
    middle = trimmed_mean(logs.tolist())
    if kept < 2:
        return Estimate.unbounded(exp(middle))
    from scipy.special import stdtrit  # half a second, which whoever compares nothing need not wait

    spread = float(logs.clip(logs[out], logs[rounds - out - 1]).std(ddof=1))
    half = float(stdtrit(kept - 1, (1 + confidence) / 2)) * spread * sqrt(rounds) / kept
    return Estimate(exp(middle), exp(middle - half), exp(middle + half))
