"""How far two shares of independent trials lie apart, as the accuracies of two runs do."""

from __future__ import annotations

from math import hypot

from evidence.estimate import CONFIDENCE, Estimate
from evidence.shares import wilson


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
