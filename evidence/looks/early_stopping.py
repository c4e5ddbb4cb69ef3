"""When a run has proven that it holds its percentile: MLPerf's early-stopping rule.

If a share of at least 1 - PERCENTILE of all requests were late, then so few late ones in so many would be
seen with a chance of at most 1 - CERTAINTY. From MLCommons, MLPerf Inference rules, appendix "Early
Stopping Criterion", without tolerance: 459 requests for p99 at 99% confidence if none is late, 662 if one. It
takes requests for independent, which those of one stall are not: see `burst`.
"""

from __future__ import annotations

from functools import cache

PERCENTILE = CERTAINTY = 0.99


@cache
def requests_needed(late: int) -> int:
    """Return how many requests prove the bound where `late` of them, 0 or more, were beyond it."""
    low, high = late, late + 1
    while not _proves(high, late):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _proves(middle, late) else (middle, high)
    return high


def holds(requests: int, late: int, *, burst: float = 1.0) -> bool:
    """Tell whether a run of so many requests has proven that its percentile is within the bound.

    Where late requests come in bursts, `burst` of them tell no more than one would (`windows.design_effect`):
    the rule is then asked of as many fewer requests, of which the same share is late (Korn and Graubard 1998,
    "Confidence intervals for proportions with small expected number of positive counts estimated from survey
    data"). So 3 late in one burst of 2,000 requests are 1 of 667, which just holds. A burst that was never
    seen is in no figure: of what comes once in two runs, every second run says nothing.
    """
    return requests > late and _proves(requests / burst, late / burst)


def _proves(requests: float, late: float) -> bool:
    """Tell whether at most `late` of `requests` were improbable if each were late with the bound's chance.

    It is the binomial distribution, by the incomplete beta function, so counts need not be whole.
    """
    from scipy.special import betainc  # half a second, which a run without a peak need not wait

    return float(betainc(requests - late, late + 1, PERCENTILE)) <= 1 - CERTAINTY
