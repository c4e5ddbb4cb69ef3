"""A search for the highest rate that holds: what is done for a referee who judges one rate at a time.

It is that of our own load tests, said again in few words: were the two unlike, the peaks would tell of the
search and not of the measurement.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from statistics import median_low

RESOLUTION = 1.05  # the rate that failed over the rate that held, where a search ends
PASSES = 3

_FAR, _NEAR = 2.0, 1.15  # steps from a start that is a guess, and from one that was a peak
_DOWN = 0.95  # after a peak that did not hold again; each further step is twice as long
_CONFIRMATIONS = 5
_RATE_MIN = 1.0  # at which nothing is measured any more

Holds = Callable[[float, int], bool]
"""Tells whether a rate, in requests a second, was held in a run of its own with this seed."""


def peak(holds: Holds, start: float, *, seed: int = 0) -> float | None:
    """Return the median of several searches, the later from where the last one ended; None if most failed."""
    seeds = count(seed)

    def tried(rate: float) -> bool:
        return holds(rate, next(seeds))

    found: list[float | None] = []
    for _ in range(PASSES):
        near = found[-1] if found else None
        found.append(_search(tried, near or start, _NEAR if near else _FAR))
    return median_low(rate or 0.0 for rate in found) or None


def _search(holds: Callable[[float], bool], rate: float, factor: float) -> float | None:
    """Widen until one rate holds and one does not, bisect, and confirm what held with a run of its own."""
    low: float | None = None
    high: float | None = None
    while low is None or high is None or high / low > RESOLUTION:
        if holds(rate):
            low = rate
        else:
            high = rate
        if high is None:
            rate *= factor
        elif low is None:
            rate /= factor
        else:
            rate = (low * high) ** 0.5
        if rate < _RATE_MIN:
            return None
    return _confirmed(holds, low)


def _confirmed(holds: Callable[[float], bool], rate: float) -> float | None:
    """Return the rate once it has held again, lowered where it did not; None where it never does."""
    lower = _DOWN
    for _ in range(_CONFIRMATIONS):
        if holds(rate):
            return rate
        rate, lower = rate * lower, lower**2
    return None
