"""How many times one figure is another, with an interval from the blocks in which both were measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isfinite, sqrt

import numpy as np
import numpy.typing as npt

from evidence.estimate import CONFIDENCE, Estimate


def level_of_logs(logs: Sequence[float], confidence: float = CONFIDENCE, *, trim: float = 0.0) -> Estimate:
    """Return what the mean of independent logarithms is the logarithm of, with Student's interval.

    The share `trim` of them is left out at each end, as a disturbed few would be; the variance is then that
    of the winsorized logarithms (Tukey and McLaughlin, "Less vulnerable confidence and significance
    procedures for location based on a single sample", Sankhya A 25, 1963). Where fewer than two are kept
    there is no interval. Raises ValueError where there are none.
    """
    if not len(logs):
        raise ValueError("no level of nothing")
    ordered = np.sort(np.asarray(logs, np.float64))
    out = int(trim * len(ordered))
    kept = ordered[out : len(ordered) - out]
    if len(kept) < 2:
        return _from_logs(float(kept.mean()), None)
    variance = float(ordered.clip(kept[0], kept[-1]).var(ddof=1)) * len(ordered) / len(kept) ** 2
    return _from_logs(float(kept.mean()), _half_width(variance, len(kept) - 1, confidence))


def ratio_of_runs(
    ours: Sequence[float | None], theirs: Sequence[float | None], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Return the ratio of two runs' geometric means, with Welch's interval of the logarithms (Welch 1947).

    The blocks of two runs do not belong together, so each run's own scatter counts. A run of one block gives
    no interval; None where a run has no figure, or one that is not above 0.
    """
    return ratio_of_all([(ours, theirs)], confidence)


def ratio_of_all(
    loads: Sequence[tuple[Sequence[float | None], Sequence[float | None]]], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Return the geometric mean of what several loads changed by between two runs, as `ratio_of_runs` does.

    What is true of all of them shows here with few blocks, where it hides in the scatter of each.
    """
    known = [_known_logs(figures) for load in loads for figures in load]
    logs = [one for one in known if one is not None]
    if not logs or len(logs) < len(known):
        return None
    count = len(loads)
    middle = sum(float(one.mean()) * (-1) ** place for place, one in enumerate(logs)) / count
    if min(map(len, logs)) < 2:
        return _from_logs(middle, None)
    parts = [float(np.var(one, ddof=1) / len(one)) / count**2 for one in logs]
    variance = sum(parts)
    weights = sum(part**2 / (len(one) - 1) for part, one in zip(parts, logs, strict=True))
    # Where nothing scatters, the degrees of freedom are 0/0, and the interval is a point whatever they are.
    freedom = variance**2 / weights if weights else 1.0
    return _from_logs(middle, _half_width(variance, freedom, confidence))


def _known_logs(figures: Sequence[float | None]) -> npt.NDArray[np.float64] | None:
    known = [one for one in figures if one is not None and one > 0]
    return np.log(known) if known and len(known) == len(figures) else None


def _half_width(variance: float, freedom: float, confidence: float) -> float:
    from scipy.special import stdtrit  # half a second, which a run of one block need not wait

    return float(stdtrit(freedom, (1 + confidence) / 2)) * sqrt(variance)


def _from_logs(middle: float, half: float | None) -> Estimate:
    if half is None or not isfinite(half) or abs(middle) + half > 700:  # beyond it, exp() overflows
        return Estimate.unbounded(exp(middle))
    return Estimate(exp(middle), exp(middle - half), exp(middle + half))
