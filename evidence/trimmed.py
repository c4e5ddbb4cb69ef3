"""How many times one figure is another, from many short rounds of which a few were disturbed.

Tukey and McLaughlin, "Less vulnerable confidence and significance procedures for location based on a single
sample: trimming/winsorization 1", Sankhya A 25 (1963).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt

import numpy as np

from evidence.estimate import CONFIDENCE, Estimate

_TRIM = 0.2  # the share of the rounds that is left out at each end


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
    middle = float(logs[out : rounds - out].mean())
    if kept < 2:
        return Estimate.unbounded(exp(middle))
    from scipy.special import stdtrit  # half a second, which whoever compares nothing need not wait

    spread = float(logs.clip(logs[out], logs[rounds - out - 1]).std(ddof=1))
    half = float(stdtrit(kept - 1, (1 + confidence) / 2)) * spread * sqrt(rounds) / kept
    return Estimate(exp(middle), exp(middle - half), exp(middle + half))
