"""Where things stand on the axis of a picture: ends, and round numbers for ticks."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10

SPAN_MIN = 4.0  # of a logarithmic axis, from its right end to its left, as a ratio
TICKS_MAX = 6


def log_limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a logarithmic axis: all values, an edge, and at least a factor of `SPAN_MIN`.

    So no small difference looks like a large one.
    """
    low, high = min(values), max(values)
    stretch = max((high / low) ** 0.12 * 1.05, (SPAN_MIN * low / high) ** 0.5)
    return low / stretch, high * stretch


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers from `low` to `high`, few enough to stand side by side on a logarithmic axis."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    found: list[float] = []
    for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        found = [value for power in powers for step in steps if low <= (value := step * 10.0**power) <= high]
        if len(found) <= TICKS_MAX:
            return found
    return found[:: ceil(len(found) / TICKS_MAX)]


def linear_ticks(low: float, high: float, most: int = TICKS_MAX) -> list[float]:
    """Return at most `most` multiples of 1, 2 or 5 times a power of ten, from `low` to `high`."""
    if not high > low:
        return [low]
    power = 10.0 ** floor(log10((high - low) / most))
    step = next(
        step
        for step in (power, 2 * power, 5 * power, 10 * power, 20 * power)
        if floor(high / step) - ceil(low / step) < most
    )
    return [place * step for place in range(ceil(low / step), floor(high / step) + 1)]
