"""How many times one figure is another, from several blocks in which both were measured side by side.

On a shared machine a figure swings by a factor of two within an hour, and the ratio of two figures taken
close together by a few per cent. So variants take short turns, and a figure of a block is that of all its
turns: what slowed a block down is in the figures of all variants, and cancels in their ratio. Between two
blocks the services were started anew; so blocks are independent, and what differs from start to start is in
the interval.

Blocks are few. So the scatter of a ratio is that which ratios of two variants have here, the median of all
pairs, as in a randomized block design that takes all residuals for alike (Fisher, The Design of Experiments,
1935, IV), unless the one in question scatters more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np

from evidence.estimate import CONFIDENCE, Estimate
from evidence.ratios import level_of

Figures = Mapping[int, float | None]
"""A figure by block; None or 0 where there is none."""

Logs = Mapping[int, float]
"""Its logarithm, where there is one."""

_VARIANTS_MIN = 5  # of fewer, the pairs of one are half of all


@dataclass(frozen=True)
class Noise:
    """How the logarithm of a ratio of two variants scatters from block to block."""

    variance: float
    freedom: int


def over_loads(loads: Mapping[int, Figures], weights: Mapping[int, float]) -> dict[int, float]:
    """Return the weighted mean of the logarithms of several loads, by block; the loads go by their rows.

    Only blocks that all have count. Weights need not add up to 1; a load without one has a weight of 1.
    """
    parts = [(weights.get(rows, 1.0), logs_of(figures)) for rows, figures in loads.items()]
    total = sum(weight for weight, _ in parts)
    shared = [block for block in parts[0][1] if all(block in logs for _, logs in parts)] if parts else []
    return {block: sum(weight * logs[block] for weight, logs in parts) / total for block in shared}


def logs_of(figures: Figures) -> dict[int, float]:
    return {block: log(value) for block, value in figures.items() if value and value > 0}


def noise_of(variants: Collection[Logs], blocks: Collection[int]) -> Noise | None:
    """Return the scatter of those variants that have all of `blocks`; None for less than five, or one block.

    A variant that scatters by itself makes less than half of all pairs scatter, and does not move the median.
    """
    from scipy.special import chdtri  # half a second, which a run of two variants need not wait

    whole = [one for one in variants if all(block in one for block in blocks)]
    if len(whole) < _VARIANTS_MIN or len(blocks) < 2:
        return None
    logs = np.array([[one[block] for block in blocks] for one in whole])
    scatter = [float((one - other).var(ddof=1)) for one, other in combinations(logs, 2)]
    freedom = len(blocks) - 1
    middle = float(chdtri(freedom, 0.5)) / freedom  # of such a variance, where the true one is 1
    return Noise(float(np.median(scatter)) / middle, freedom * (len(whole) - 1))


def ratio_of_blocks(
    ours: Logs, theirs: Logs, confidence: float = CONFIDENCE, *, among: Collection[Logs] = ()
) -> Estimate | None:
    """Return the ratio of two figures, with Student's interval over the blocks that both have.

    `among` are all variants that were measured side by side, these two with them. One block gives no
    interval, and none nothing.
    """
    shared = [block for block in ours if block in theirs]
    if not shared:
        return None
    logs = np.array([ours[block] - theirs[block] for block in shared])
    if len(shared) < 2:
        return Estimate.unbounded(float(np.exp(logs[0])))
    own, noise = float(logs.var(ddof=1)), noise_of(among, shared)
    if noise is None:
        return level_of(float(logs.mean()), own / len(logs), len(logs) - 1, confidence)
    return level_of(float(logs.mean()), max(own, noise.variance) / len(logs), noise.freedom, confidence)
