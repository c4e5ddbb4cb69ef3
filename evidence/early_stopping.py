"""When a run has proven that it holds its percentile: MLPerf's early-stopping rule.

If a share of at least 1 - `percentile` of all requests were late, then so few late ones in so many would be
seen with a chance of at most 1 - `confidence`. From MLCommons, MLPerf Inference rules, appendix "Early
Stopping Criterion", without tolerance: 459 requests for p99 at 99% confidence if none is late, 662 if one.
"""

from __future__ import annotations

from functools import cache

_PERCENTILE = 0.99
_CERTAINTY = 0.99


@cache
def requests_needed(late: int, *, percentile: float = _PERCENTILE, confidence: float = _CERTAINTY) -> int:
    """Return how many requests prove the bound where `late` of them were beyond it."""
    if late < 0 or not 0 < percentile < 1 or not 0 < confidence < 1:
        raise ValueError(f"no rule for {late} late, percentile {percentile}, confidence {confidence}")
    low, high = late, late + 1
    while not _proves(high, late, percentile, confidence):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _proves(middle, late, percentile, confidence) else (middle, high)
    return high


def holds(
    requests: int, late: int, *, percentile: float = _PERCENTILE, confidence: float = _CERTAINTY
) -> bool:
    """Tell whether a run of so many requests has proven that its percentile is within the bound."""
    return requests > late and _proves(requests, late, percentile, confidence)


def _proves(requests: int, late: int, percentile: float, confidence: float) -> bool:
    """Tell whether at most `late` of `requests` were improbable if each were late with the bound's chance."""
    from scipy.special import bdtr  # half a second, which a run without a peak need not wait

    return float(bdtr(late, requests, 1 - percentile)) <= 1 - confidence
