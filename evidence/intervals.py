"""The arithmetic of uncertainty."""

from __future__ import annotations

from scipy.stats import binomtest

LEVEL = 0.95


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95% score interval (Wilson 1927) of a share, from `successes` among `trials` at least 1."""
    interval = binomtest(successes, trials).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)
