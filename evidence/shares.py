"""The interval of a share, such as an accuracy, and of how far two of independent trials lie apart."""

from __future__ import annotations

from math import hypot, sqrt
from statistics import NormalDist

from evidence.estimate import CONFIDENCE, Estimate


def wilson(share: float, trials: int, *, confidence: float = CONFIDENCE) -> Estimate:
    """Return a share seen in `trials` trials with its score interval (Wilson 1927).

    "Probable inference, the law of succession, and statistical inference", JASA 22. `share * trials` need not
    be whole. With no trials nothing is known, and the interval is 0 to 1.
    """
    if not 0 <= share <= 1 or trials < 0 or not 0 < confidence < 1:
        raise ValueError(f"no interval of share {share} in {trials} trials at confidence {confidence}")
    if trials == 0:
        return Estimate(share, 0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + 0.5 * confidence)
    scale = 2 * (trials + z**2)
    centre = (2 * trials * share + z**2) / scale
    half = z / scale * sqrt(4 * trials * share * (1 - share) + z**2)
    # Rounding may put an end a last bit on the wrong side of the share, or of 0 and 1.
    return Estimate(share, min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)))


def unpaired_difference(
    ours: tuple[float, int], theirs: tuple[float, int], *, confidence: float = CONFIDENCE
) -> Estimate:
    """Return the difference of two shares, each given with the number of trials it is of.

    The interval is method 10 of Newcombe (1998), "Interval estimation for the difference between independent
    proportions": it squares and adds the distances to the ends of both Wilson intervals. It is too wide where
    the trials were the same (see `evidence.paired`), and never too narrow for that.
    """
    one, other = (wilson(share, trials, confidence=confidence) for share, trials in (ours, theirs))
    value = one.value - other.value
    down = hypot(one.value - one.low, other.high - other.value)
    up = hypot(one.high - one.value, other.value - other.low)
    return Estimate(value, max(-1.0, value - down), min(1.0, value + up))
