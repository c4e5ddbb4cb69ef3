"""How many times one figure is another, from several blocks in which both were measured side by side.

On a shared machine a figure swings by a factor of two within an hour, and the ratio of two figures taken
close together by a few per cent. So variants take short turns, and a figure of a block is that of all its
turns: what slowed a block down is in the figures of all variants, and cancels in their ratio. Between two
blocks the services were started anew; so blocks are independent, and what differs from start to start is in
the interval.

Blocks are few. So the scatter is that of all variants about what variant and block explain (the analysis of a
randomized block design: Fisher, The Design of Experiments, 1935, IV), unless that of the two in question is
larger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import log

import numpy as np

from evidence.estimate import CONFIDENCE, Estimate
from evidence.ratios import level_of

Figures = Mapping[int, float | None]
"""A figure by block; None or 0 where there is none."""

Logs = Mapping[int, float]
"""Its logarithm, where there is one."""


@dataclass(frozen=True)
class Noise:
    """How the logarithms scatter that neither variant nor block explains."""

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
    """Return the scatter of those variants that have all of `blocks`; None for one of either."""
    whole = [one for one in variants if all(block in one for block in blocks)]
    logs = np.array([[one[block] for block in blocks] for one in whole])
    if len(logs) < 2 or len(blocks) < 2:
        return None
    left = logs - logs.mean(axis=1, keepdims=True) - logs.mean(axis=0) + logs.mean()
    freedom = (len(logs) - 1) * (len(blocks) - 1)
    return Noise(float((left**2).sum()) / freedom, freedom)


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
    variance = max(own, 2 * noise.variance)  # of the difference of two
    return level_of(float(logs.mean()), variance / len(logs), noise.freedom, confidence)
