"""When a run has told enough: which pairs of variants are still open, and what it would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, inf
from statistics import fmean

from evidence import blocks
from evidence.blocks import Logs, over_loads, ratio_of_blocks
from evidence.estimate import ALIKE, Estimate
from evidence.looks.sequential import Looks, blocks_needed, is_told
from loadtests.workload.scenarios import LESS_IS_BETTER

BLOCKS_FEW = 2  # less give no interval
BLOCKS_ENOUGH = 3  # before the budget is spent, less decide nothing
_LOOK_FROM = 1 / 3  # of the budget: a look before costs, and hardly ever decides


@dataclass(frozen=True)
class Undecided:
    """A pair that is neither told apart nor known to be alike."""

    one: str
    other: str
    ratio: Estimate | None
    """In the figure that tells most; None where there is none at all."""


@dataclass(frozen=True)
class Look:
    """One look at the figures so far."""

    confidence: float
    open: tuple[Undecided, ...]
    alike: float = ALIKE
    """What counts as alike."""


Figures = Mapping[str, Mapping[int, blocks.Figures]]
"""Of each block, by variant and rows a request."""


class Rule:
    """Looks after each block, and says whether the run has told enough."""

    def __init__(self, matter: Sequence[str], weights: Mapping[int, float], *, alike: float = ALIKE) -> None:
        """`matter` are the variants among which is chosen, `weights` those of the rows a request."""
        self._matter = matter
        self._weights = weights
        self._alike = alike
        self._looks = Looks()

    def look(self, figures: Sequence[Figures], *, share: float) -> Look:
        """Look at the figures so far, when a `share` of the budget is spent; 1 for the last look.

        Each of `figures` is one way to tell variants apart, such as throughput; one suffices. Who leads is
        told by the same figures, so any pair may be looked at: each of all, in each figure, has its part of
        what may be erred (Bonferroni).
        """
        logs = [
            {name: over_loads(loads, self._weights) for name, loads in by_name.items()} for by_name in figures
        ]
        comparisons = max(comb(len(logs[0]), 2), 1) * len(logs)
        confidence = 1 - (1 - self._looks.next(share)) / comparisons
        names = [name for name in logs[0] if name in self._matter]
        if len(names) < 2:  # nothing to choose: then each against the first is what is worth knowing
            names = list(logs[0])
        if not names:
            return Look(confidence, ())
        best = max(names, key=lambda name: _mean(logs[0][name]))
        pairs = [Undecided(best, name, _most(best, name, logs, confidence)) for name in names]
        return Look(
            confidence,
            tuple(pair for pair in pairs if pair.other != best and not self._is_told(pair)),
            self._alike,
        )

    def _is_told(self, pair: Undecided) -> bool:
        return pair.ratio is not None and is_told(pair.ratio, alike=self._alike)


def better(name: str, figures: blocks.Figures) -> blocks.Figures:
    """Return a figure of each block so that more is better, whatever it is."""
    if name not in LESS_IS_BETTER:
        return figures
    return {block: 1 / value if value else None for block, value in figures.items()}


def _mean(logs: Logs) -> float:
    return fmean(logs.values()) if logs else -inf


def _most(one: str, other: str, logs: Sequence[Mapping[str, Logs]], confidence: float) -> Estimate | None:
    """Return the ratio that tells the two apart, or else that with the narrowest interval."""
    ratios = [
        ratio
        for by_name in logs
        if (ratio := ratio_of_blocks(by_name[one], by_name[other], confidence, among=by_name.values()))
    ]
    return min(ratios, key=lambda one: (1 in one, one.high / one.low if one.low > 0 else inf), default=None)


def is_due(count: int, share: float) -> bool:
    """Tell whether to look, after `count` blocks and a share of the budget."""
    return count >= BLOCKS_ENOUGH and share >= _LOOK_FROM


def more_blocks(look: Look, count: int) -> int | None:
    """Return how many more than `count` blocks would decide all that is open, about; None if nobody knows."""
    needed = [one.ratio and blocks_needed(one.ratio, count, alike=look.alike) for one in look.open]
    return None if None in needed or not needed else max(one or 0 for one in needed) - count
