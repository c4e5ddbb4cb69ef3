"""When a run has told enough: which pairs of variants are still open, and what it would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.blocks import Turns, over_loads, paired_logs, ratio_of_blocks
from evidence.estimate import ALIKE, Estimate
from evidence.sequential import Looks, blocks_needed, is_told

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


Figures = Mapping[str, Mapping[int, Turns]]
"""By variant, and rows a request."""


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

        Each of `figures` is one way to tell variants apart, such as throughput; one suffices.
        """
        confidence = self._looks.next(share)
        names = [name for name in figures[0] if name in self._matter]
        if len(names) < 2:  # nothing to choose: then each against the first is what is worth knowing
            names = list(figures[0])
        if not names:
            return Look(confidence, ())
        best = _best(names, figures[0], self._weights)
        pairs = [Undecided(best, name, self._most(best, name, figures, confidence)) for name in names]
        return Look(
            confidence, tuple(pair for pair in pairs if pair.other != best and not self._is_told(pair))
        )

    def _is_told(self, pair: Undecided) -> bool:
        return pair.ratio is not None and is_told(pair.ratio, alike=self._alike)

    def _most(self, one: str, other: str, figures: Sequence[Figures], confidence: float) -> Estimate | None:
        """Return the ratio that tells the two apart, or else that with the narrowest interval."""
        ratios = [
            ratio
            for by_name in figures
            if (ratio := ratio_of(by_name.get(one, {}), by_name.get(other, {}), self._weights, confidence))
        ]
        return min(
            ratios,
            key=lambda one: (1 in one, one.high / one.low if one.low > 0 else float("inf")),
            default=None,
        )


def is_due(blocks: int, share: float) -> bool:
    """Tell whether to look, after so many blocks and a share of the budget."""
    return blocks >= BLOCKS_ENOUGH and share >= _LOOK_FROM


def ratio_of(
    ours: Mapping[int, Turns], theirs: Mapping[int, Turns], weights: Mapping[int, float], confidence: float
) -> Estimate | None:
    """Return the ratio of two variants over all their loads; None where they have none in common."""
    loads = {rows: paired_logs(ours[rows], theirs[rows]) for rows in ours if rows in theirs}
    return ratio_of_blocks(over_loads(loads, weights), confidence)


def more_blocks(look: Look, blocks: int) -> int | None:
    """Return how many blocks more would decide all that is open, about; None where nobody can say."""
    needed = [one.ratio and blocks_needed(one.ratio, blocks) for one in look.open]
    return None if None in needed or not needed else max(one or 0 for one in needed) - blocks


def _best(names: Sequence[str], figures: Figures, weights: Mapping[int, float]) -> str:
    """Return the variant that leads by its figures, told apart or not."""
    best = names[0]
    for name in names[1:]:
        ratio = ratio_of(figures.get(name, {}), figures.get(best, {}), weights, 0.95)
        if ratio is not None and ratio.value > 1:
            best = name
    return best
