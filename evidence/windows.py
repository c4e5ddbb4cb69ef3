"""What a share is worth whose trials come in windows: within one they are alike, as in a stall all are late.

The trials of one window are no independent evidence, the windows are, if they are longer than what befalls
them: so the method of batch means has it (Law, Simulation Modeling and Analysis, 2015, 9.5.3).
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

from evidence.estimate import CONFIDENCE, Estimate

Counts = npt.NDArray[np.int64]


def share_of_windows(hits: Counts, trials: Counts, *, confidence: float = CONFIDENCE) -> Estimate:
    """Return the share of hits in all trials, with Student's interval from how the windows scatter.

    `hits` and `trials` are counts of each window, shape (windows,). Without two windows that saw a trial
    nothing is known, and the interval is 0 to 1. Raises ValueError where there was no trial.
    """
    from scipy.special import stdtrit  # half a second, which whoever asks for no interval need not wait

    if not trials.sum():
        raise ValueError("no share of no trials")
    value, seen = float(hits.sum() / trials.sum()), int(np.count_nonzero(trials))
    if seen < 2:
        return Estimate(value, 0.0, 1.0)
    half = float(stdtrit(seen - 1, (1 + confidence) / 2)) * sqrt(_variance(hits, trials))
    return Estimate(value, max(0.0, value - half), min(1.0, value + half))


def difference_of_windows(
    ours: Counts, theirs: Counts, trials: Counts, *, confidence: float = CONFIDENCE
) -> Estimate:
    """Return one share of hits less another, of the same trials, with Student's interval over the windows.

    Both are counts of each window, shape (windows,), as `trials` are. Within a window they are paired: what
    befell both is in neither. Where windows hardly scatter the interval is as wide as of so many trials none
    of which differed (Clopper and Pearson 1934): a few that are alike prove nothing. Without two windows
    nothing is known, and it is -1 to 1. Raises ValueError where there was no trial.
    """
    from scipy.special import stdtrit

    if not trials.sum():
        raise ValueError("no share of no trials")
    apart, seen = ours - theirs, int(np.count_nonzero(trials))
    value = float(apart.sum() / trials.sum())
    if seen < 2:
        return Estimate(value, -1.0, 1.0)
    half = float(stdtrit(seen - 1, (1 + confidence) / 2)) * sqrt(_variance(apart, trials))
    half = max(half, 1 - ((1 - confidence) / 2) ** (1 / int(trials.sum())))
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half))


def design_effect(hits: Counts, trials: Counts) -> float:
    """Return how many trials tell no more than one independent trial would, at least 1.

    It is by how much the windows scatter more than if each trial were drawn by itself (Kish, Survey Sampling,
    1965). Where all hits are in one window of many, it is about their number: they are one event.
    """
    total, hit = int(trials.sum()), int(hits.sum())
    if not 0 < hit < total or np.count_nonzero(trials) < 2:
        return 1.0
    share = hit / total
    return max(1.0, _variance(hits, trials) * total / (share * (1 - share)))


def _variance(hits: Counts, trials: Counts) -> float:
    """Return the variance of the share of all: that of a ratio (Cochran, Sampling Techniques, 1977, 6.3)."""
    seen = int(np.count_nonzero(trials))
    total = float(trials.sum())
    apart = hits - trials * (hits.sum() / total)
    return float(np.sum(apart**2)) * seen / (seen - 1) / total**2
