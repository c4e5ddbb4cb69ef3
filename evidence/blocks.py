"""How many times one figure is another, from short turns of both that stood side by side, in several blocks.

On a shared machine a figure swings by a factor of two within an hour, and the ratio of two figures taken one
after the other by a few per cent. So the ratio is taken within each round, in which every variant had one
turn. The rounds of a block are summed up by their trimmed mean, which a few turns that were disturbed leave
as it is. And only the blocks, between which the services were started anew, count as independent: what
differs from start to start is in the interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from evidence.estimate import CONFIDENCE, Estimate
from evidence.ratios import level_of_logs
from evidence.trimmed import trimmed_mean

Turns = Mapping[tuple[int, int], float]
"""A figure by block and round; NaN, or nothing, where there is none."""


def paired_logs(ours: Turns, theirs: Turns) -> dict[int, float]:
    """Return, by block, the trimmed mean of the logarithms of ours over theirs in the rounds both were in."""
    logs: dict[int, list[float]] = {}
    for place, one in ours.items():
        other = theirs.get(place, 0.0)
        if one > 0 and other > 0:  # not where it is NaN
            logs.setdefault(place[0], []).append(log(one / other))
    return {block: trimmed_mean(found) for block, found in logs.items()}


def over_loads(loads: Mapping[int, Mapping[int, float]], weights: Mapping[int, float]) -> dict[int, float]:
    """Return the weighted mean, by block, of the logarithms of several loads, which go by their rows.

    Only blocks that all have count. Weights need not add up to 1; a load without one has a weight of 1.
    """
    parts = [(weights.get(rows, 1.0), logs) for rows, logs in loads.items()]
    total = sum(weight for weight, _ in parts)
    shared = [block for block in parts[0][1] if all(block in logs for _, logs in parts)] if parts else []
    return {block: sum(weight * logs[block] for weight, logs in parts) / total for block in shared}


def ratio_of_blocks(logs: Mapping[int, float], confidence: float = CONFIDENCE) -> Estimate | None:
    """Return the ratio whose logarithms by block are given, with Student's interval over the blocks.

    One block gives no interval, and none nothing.
    """
    return level_of_logs(list(logs.values()), confidence) if logs else None
