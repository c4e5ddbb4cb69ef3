"""Looking at figures while they come in, and stopping when they tell enough, without erring more for it.

Whoever looks again and again until an interval leaves 1 out will see that sooner or later, even of two equal
things. So the chance to err is spent over the looks (Lan and DeMets, "Discrete sequential boundaries for
clinical trials", Biometrika 70, 1983), most of it late, by the power family of Kim and DeMets (Biometrika 74,
1987): when a share `t` of the time is over, `alpha * t ** 2` of it has been spent.

How strict a look must be follows from what is known of the looks before it: the estimate moves as a Brownian
motion does, and those paths that have left its bounds are gone (Armitage, McPherson and Rowe, JRSS A 132,
1969). The level found is then that of Student's interval (the significance-level approach of Jennison and
Turnbull, Group Sequential Methods, 2000, 3.8). Intervals so drawn hold at all looks together with a chance of
`1 - alpha`, so those of the look at which a run stopped may be shown (repeated confidence intervals).
"""

from __future__ import annotations

from math import ceil, log, sqrt
from statistics import NormalDist

import numpy as np

from evidence.estimate import ALIKE, CONFIDENCE, Estimate

_POWER = 2.0
_BLOCKS_MAX = 10_000
_GRID = np.linspace(-8.0, 8.0, 3201)  # of a Brownian motion until 1
_STEP = float(_GRID[1] - _GRID[0])


class Looks:
    """The looks at one run: how sure each must be."""

    def __init__(self, confidence: float = CONFIDENCE) -> None:
        """`confidence` is that of all looks together."""
        self._alpha = 1 - confidence
        self._share = self._spent = 0.0
        self._paths = np.zeros_like(_GRID)  # the density of those that have not left the bounds by now
        self._paths[len(_GRID) // 2] = 1 / _STEP

    def next(self, share: float) -> float:
        """Return the confidence of the intervals of the next look, when a `share` of the time is over.

        Raises ValueError unless the share, at most 1, is more than that of the look before.
        """
        if not self._share < share <= 1:
            raise ValueError(f"a look at {share} of the time, after one at {self._share}")
        step = (_GRID / sqrt(share - self._share)) ** 2 / 2
        height = _STEP / sqrt(2 * np.pi * (share - self._share))
        moved = np.convolve(self._paths, np.exp(-step), "same") * height
        until = self._alpha * share**_POWER
        above = np.cumsum(moved[::-1])[::-1] - moved / 2  # half of a place is above it
        bound = float(np.interp((self._spent - until) / 2, -above * _STEP, _GRID))
        self._paths = np.where(np.abs(_GRID) < bound, moved, 0.0)
        self._share, self._spent = share, until
        return 2 * NormalDist().cdf(bound / sqrt(share)) - 1


def is_told(ratio: Estimate, *, alike: float = ALIKE) -> bool:
    """Tell whether a ratio is known to differ from 1, or to be within `alike` times of it."""
    return 1 not in ratio or ratio.is_within(alike)


def blocks_needed(ratio: Estimate, blocks: int, *, alike: float = ALIKE) -> int | None:
    """Return how many blocks would tell about, if they go on to scatter as they do; None if too many would.

    An interval is as wide as one over the root of the number of blocks, and is to leave 1 out or to fit
    between the ends of what is alike, whichever takes less.
    """
    if not ratio.is_bounded or ratio.low <= 0 or blocks < 2:
        return None
    off, half = abs(log(ratio.value)), log(ratio.high / ratio.low) / 2
    room = max(off, log(alike) - off)
    needed = ceil(blocks * (half / room) ** 2)
    return max(needed, blocks + 1) if needed <= _BLOCKS_MAX else None
