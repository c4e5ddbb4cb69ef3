"""Where a curve of latency against rate bends: beyond it, more load buys little but waiting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_CLEARANCE = 0.1  # of the height of the curve; a smaller bend is no knee
_POINTS_MIN = 4


def knee(rates: Sequence[float], latencies: Sequence[float]) -> int | None:
    """Return the index of the point farthest below the straight line from the first to the last.

    Both axes are scaled to 0..1 first (Satopaa et al., Finding a "Kneedle" in a Haystack, 2011). `rates`
    ascend. None where there are fewer than four points, or the curve does not bend upwards.
    """
    if len(rates) < _POINTS_MIN:
        return None
    x, y = np.array(rates, np.float64), np.array(latencies, np.float64)
    if not np.isfinite(y).all() or x[-1] <= x[0] or y[-1] <= y[0]:
        return None
    below = (x - x[0]) / (x[-1] - x[0]) - (y - y[0]) / (y[-1] - y[0])
    best = int(np.argmax(below))
    return best if below[best] > _CLEARANCE else None
