"""The interval of a share, such as an accuracy."""

from __future__ import annotations

from math import sqrt
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
