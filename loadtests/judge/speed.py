"""Speed: by which figure a scenario sets one variant against another, over all its loads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log
from typing import TypeAlias

from evidence.estimate import ALIKE, ALIKE_TAIL, Estimate, Sign
from loadtests.experiment.measured import Measured
from loadtests.judge.bounds import Bounds
from loadtests.judge.contrast import LESS_IS_BETTER, PEAK, TAIL, WORDS, Contrasts, level
from loadtests.workload.scenarios import COST, P50, P99, SCENARIOS, THROUGHPUT

Pairs: TypeAlias = Sequence[tuple[Measured, Measured]]
"""Loads of two variants with as many rows a request."""


@dataclass(frozen=True)
class Lead:
    """How many times better than another a variant is in one figure: above 1 it is ahead."""

    figure: str
    ratio: Estimate

    @property
    def is_alike(self) -> bool:
        """Tell whether the two are known to be alike."""
        return self.ratio.is_within(ALIKE_TAIL if self.figure in {P99, TAIL} else ALIKE)

    @property
    def side(self) -> Sign:
        """Return 1 where it is known to be better by more than nothing, -1 where to be worse, and else 0."""
        return 0 if self.is_alike else self.ratio.side_of(1)

    @property
    def support(self) -> Sign:
        """Return 1 where it is known to be better, 0 where to be alike, and -1 where neither is known."""
        return 0 if self.is_alike else 1 if self.side > 0 else -1

    @property
    def is_near(self) -> bool:
        """Tell whether the figures alone, without their interval, are alike."""
        return 1 / ALIKE <= self.ratio.value <= ALIKE

    @property
    def excess(self) -> Sign:
        """Return the side, if it is further off than the tails of two variants may be, and else 0."""
        return 0 if 1 / ALIKE_TAIL <= self.ratio.value <= ALIKE_TAIL else self.side

    @property
    def is_suspect(self) -> bool:
        """Tell whether it is far behind by its figures, and not known to be alike."""
        return self.ratio.value < 1 / ALIKE_TAIL and not self.is_alike

    @property
    def words(self) -> str:
        """What the figure is called."""
        return WORDS[self.figure]

    @property
    def plain(self) -> Estimate:
        """The ratio of the figures themselves: of a latency, less is better."""
        return self.ratio.inverse if self.figure in LESS_IS_BETTER else self.ratio

    @property
    def times(self) -> str:
        """The ratio of the figures in words: `2.70 times (2.61 to 2.79)`."""
        ratio = self.plain
        ends = f"{ratio.low:.2f} to {ratio.high:.2f}" if ratio.is_bounded else "without an interval"
        return f"{ratio.value:.2f} times ({ends})"

    def against(self, other: str) -> str:
        """Return `2.70 times (2.61 to 2.79) the throughput of` the other variant, and if they are alike."""
        told = f"{self.times} the {self.words} of `{other}`"
        if not self.ratio.is_bounded or self.side:
            return told
        return f"{told}, {'alike' if self.is_alike else 'not told apart'}"


def axes_of(loads: Sequence[Measured]) -> tuple[str, ...]:
    """Return by which figures the speed of loads of one scenario is told, the first of them first.

    Where users wait for their answers the processor time tells what throughput does, and what a neighbour
    takes is not in it.
    """
    if not loads:
        return ()
    figures = SCENARIOS[loads[0].scenario].figures
    if all(load.peak for load in loads):
        return (PEAK,)
    if not all(load.cost for load in loads):
        return tuple(figure for figure in figures if figure != COST)
    if COST not in figures and not all(load.answers for load in loads):
        return (COST,)  # of one no turn counts: what a row cost is all that is known of every one
    return figures


class Speeds:
    """Sets variants against each other that were put through the same loads."""

    def __init__(self, contrasts: Contrasts, loads: Sequence[Measured], bounds: Bounds) -> None:
        """`loads` are all that count."""
        self.figures = axes_of(loads)
        self._contrasts = contrasts
        self._weights = bounds.weights

    def lead(self, pairs: Pairs) -> Lead:
        """Return how far the first of each pair is ahead of the second, over these loads together.

        Of two figures the first counts that tells them apart; but where processor time and throughput
        contradict each other, it is the throughput, which is what callers see. Where neither tells, it is the
        first, or p99 where that is about the same of both.
        """
        leads = self.leads(pairs)
        told = [one for one in leads if one.side]
        if told:
            contradict = THROUGHPUT in self.figures and len({one.side for one in told}) > 1
            return told[-1] if contradict else told[0]
        return leads[-1] if self.has_p99 and leads[0].is_near else leads[0]

    @property
    def has_p99(self) -> bool:
        """Tell whether p99 is a figure of its own, not throughput over again."""
        return P99 in self.figures

    def leads(self, pairs: Pairs) -> list[Lead]:
        """Return the same of each figure."""
        return [self.lead_in(figure, pairs) for figure in self.figures]

    def lead_in(self, figure: str, pairs: Pairs) -> Lead:
        """Return the same of one figure: the weighted geometric mean over the loads, block by block."""
        ratio = self._contrasts.ratio_over(figure, pairs, self._weights)
        if ratio is None:
            levels = [_share(level(figure, ours), level(figure, theirs)) for ours, theirs in pairs]
            weights = [self._weights.get(ours.rows_per_request, 1.0) for ours, _ in pairs]
            ratio = Estimate.unbounded(_mean(levels, weights))
        return Lead(figure, ratio.inverse if figure in LESS_IS_BETTER else ratio)

    def excess(self, pairs: Pairs) -> Sign:
        """Return 1 or -1 where a tail is known to be far shorter or longer, beyond what throughput explains.

        In a closed loop it is p99 and p99 times the rate that must both be: one of them alone only says that
        the other variant answers more.
        """
        sides = {one.excess for one in self._tails(pairs)}
        return sides.pop() if len(sides) == 1 else 0

    def is_suspect(self, pairs: Pairs) -> bool:
        """Tell whether a tail is far longer by its figures, beyond what throughput explains."""
        tails = self._tails(pairs)
        return bool(tails) and all(one.is_suspect for one in tails)

    def _tails(self, pairs: Pairs) -> list[Lead]:
        figures = {THROUGHPUT: (TAIL, P99), P50: (P99,)}.get(self.figures[-1], ()) if self.figures else ()
        return [self.lead_in(figure, pairs) for figure in figures]


def _share(ours: float, theirs: float) -> float:
    return 1.0 if ours == theirs else ours / theirs if theirs else inf


def _mean(ratios: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted geometric mean; nothing makes up for a load in which there is none."""
    if not all(ratios):
        return 0.0
    if not all(map(isfinite, ratios)):
        return inf
    return exp(sum(weight * log(one) for one, weight in zip(ratios, weights, strict=True)) / sum(weights))
