"""A contrast: what lies between two variants of one run in a figure, with the interval over the blocks.

Between two runs of one variant lies a change: see `regression`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Self

from evidence.blocks import Logs, over_loads, ratio_of_blocks
from evidence.estimate import CONFIDENCE, Estimate
from evidence.ratios import ratio_of_runs
from loadtests.experiment.blocks import Block, Stop
from loadtests.experiment.measured import AccuracyDifference, AgainstReference, Measured, ScoredLoad
from loadtests.experiment.peak.search import RESOLUTION, Peak
from loadtests.judge.certificate import Accuracies
from loadtests.measure.written import OpenEstimate
from loadtests.workload.scenarios import COST, GOODPUT, P50, P99, THROUGHPUT

TAIL = "tail"
"""p99 times the requests a second. In a closed loop latency times rate is the number of users (Little's law),
so a p99 that is only as long as the throughput is low leaves this as it is."""
PEAK = "peak"
LESS_IS_BETTER = {P50, P99, TAIL}
WORDS = {
    COST: "rows per core-second",
    THROUGHPUT: "throughput",
    P50: "p50",
    P99: "p99",
    GOODPUT: "goodput",
    PEAK: "peak rate",
}


@dataclass(frozen=True)
class Pair:
    """Two variants with as many rows a request, and how many times the first one's figure is the other's."""

    rows_per_request: int
    variant: str
    other: str
    figure: str
    """In words, that by which the run tells variants apart first: `rows per core-second`, `goodput`."""
    ratio: OpenEstimate | None
    """None where nothing is known."""


class Contrasts:
    """Compares two loads that were measured side by side."""

    def __init__(
        self,
        loads: Sequence[ScoredLoad] = (),
        accuracies: Accuracies | None = None,
        confidence: float = CONFIDENCE,
    ) -> None:
        """`loads` are all that were measured side by side: the scatter of all tells of that of two.

        `confidence` is that of the intervals of the ratios.
        """
        self._loads = [one.load for one in loads]
        self.accuracies = accuracies or Accuracies({})
        self._confidence = confidence

    @classmethod
    def of(
        cls, loads: Sequence[ScoredLoad], accuracies: Accuracies | None = None, stop: Stop | None = None
    ) -> Self:
        """Compare these loads, as surely as the run looked at them."""
        return cls(loads, accuracies, stop.confidence if stop else CONFIDENCE)

    def ratio(self, figure: str, ours: Measured, theirs: Measured) -> Estimate | None:
        """Return how many times one load's figure is the other's; None where nothing is known."""
        return self.ratio_over(figure, [(ours, theirs)], {})

    def ratio_over(
        self, figure: str, pairs: Sequence[tuple[Measured, Measured]], weights: Mapping[int, float]
    ) -> Estimate | None:
        """Return the same of the weighted geometric mean of several loads of each; see `evidence.blocks`."""
        ours, theirs = (_logs(figure, side, weights) for side in zip(*pairs, strict=True))
        ratio = ratio_of_blocks(ours, theirs, self._confidence, among=self._among(figure, pairs, weights))
        if figure != PEAK or ratio is None or not ratio.is_bounded:
            return ratio
        # No peak is known more sharply than a search resolves; one that the generator ended is open above.
        if any(one.peak and one.peak.limited_by == "generator" for pair in pairs for one in pair):
            return Estimate.unbounded(ratio.value)
        return Estimate(ratio.value, ratio.low / RESOLUTION, ratio.high * RESOLUTION)

    def _among(
        self, figure: str, pairs: Sequence[tuple[Measured, Measured]], weights: Mapping[int, float]
    ) -> list[Logs]:
        """Return the logarithms of the figure by block of every variant that was put through these loads."""
        rows = {pair[0].rows_per_request for pair in pairs}
        by_name: dict[str, list[Measured]] = {}
        for load in self._loads:
            if load.rows_per_request in rows:
                by_name.setdefault(load.variant, []).append(load)
        return [_logs(figure, loads, weights) for loads in by_name.values() if len(loads) == len(rows)]

    def cost(self, ours: Measured, theirs: Measured) -> Estimate | None:
        """Return the ratio of rows per core-second; None where the service is not ours."""
        return self.ratio(COST, ours, theirs)

    def throughput(self, ours: Measured, theirs: Measured) -> Estimate | None:
        """Return the ratio of rows a second; of the peaks, where both were searched for."""
        if ours.peak and theirs.peak:
            return self.known(PEAK, ours, theirs)
        return self.known(THROUGHPUT, ours, theirs)

    def known(self, figure: str, ours: Measured, theirs: Measured) -> Estimate | None:
        """Return the ratio of a figure, without an interval where the blocks do not have it."""
        return self.ratio(figure, ours, theirs) or _bare(level(figure, ours), level(figure, theirs))

    def pairs(self, loads: Sequence[Measured], figure: str) -> list[Pair]:
        """Return every two variants with as many rows a request, once, in the order of the loads."""
        return [
            Pair(
                one.rows_per_request,
                one.variant,
                other.variant,
                WORDS[figure],
                self.known(figure, one, other),
            )
            for one, other in combinations(loads, 2)
            if one.rows_per_request == other.rows_per_request
        ]

    def with_reference(self, loads: Sequence[Measured]) -> list[Measured]:
        """Return the loads, each with what lies between it and the reference with as many rows a request."""
        name = self.accuracies.reference
        references = {one.rows_per_request: one for one in loads if one.variant == name}
        return [self._compared(one, references.get(one.rows_per_request)) for one in loads]

    def _compared(self, load: Measured, reference: Measured | None) -> Measured:
        if load.variant == self.accuracies.reference:
            return load
        certificate = self.accuracies.of_variant(load.variant)
        difference: AccuracyDifference | None = certificate.difference if certificate else None
        if reference is None and difference is None:
            return load
        contrast = AgainstReference(
            cost=self.cost(load, reference) if reference else None,
            throughput=self.throughput(load, reference) if reference else None,
            p50=self.known(P50, load, reference) if reference else None,
            p99=self.known(P99, load, reference) if reference else None,
            goodput=self.known(GOODPUT, load, reference) if reference else None,
            accuracy=difference,
        )
        return load.model_copy(update={"against_reference": contrast})


def level(figure: str, load: Measured) -> float:
    """Return a figure of the whole load; 0 where there is none."""
    if figure == PEAK:
        return load.peak.requests_per_s or 0.0 if load.peak else 0.0
    if figure == TAIL:
        return (load.p99 or 0.0) * load.requests_per_s
    known = {
        COST: load.cost.value if load.cost else None,
        THROUGHPUT: load.rows_per_s,
        P50: load.p50,
        P99: load.p99,
        GOODPUT: load.goodput_per_s,
    }
    return known[figure] or 0.0


def ratio_of_peaks_of_runs(ours: Peak, theirs: Peak, confidence: float) -> Estimate | None:
    """Return the ratio of two peak rates of two runs, no sharper than a search resolves."""
    if not ours.requests_per_s or not theirs.requests_per_s:
        return None
    ratio = ratio_of_runs([*ours.held.values()], [*theirs.held.values()], confidence)
    is_open = "generator" in {ours.limited_by, theirs.limited_by}
    if is_open or ratio is None or not ratio.is_bounded:
        return Estimate.unbounded(ours.requests_per_s / theirs.requests_per_s)
    return Estimate(ratio.value, ratio.low / RESOLUTION, ratio.high * RESOLUTION)


def _logs(figure: str, loads: Sequence[Measured], weights: Mapping[int, float]) -> dict[int, float]:
    return over_loads({load.rows_per_request: _by_block(figure, load) for load in loads}, weights)


def _by_block(figure: str, load: Measured) -> dict[int, float | None]:
    if figure == PEAK:
        return dict(load.peak.held) if load.peak and load.peak.requests_per_s else {}
    if figure == TAIL:
        return {one.index: one.p99_ms and one.p99_ms * one.requests_per_s for one in load.blocks}
    if figure == GOODPUT:
        return {one.index: _goodput(one) for one in load.blocks}
    return load.figures(figure)


def _goodput(block: Block) -> float | None:
    """Return the goodput of a block; where nothing was in time, of the one request that nearly was.

    It is None where no turn counts: of what was in time then nothing is known.
    """
    return max(block.goodput_per_s, 1 / block.seconds) if block.turns and block.seconds else None


def _bare(ours: float | None, theirs: float | None) -> Estimate | None:
    return Estimate.unbounded(ours / theirs) if ours and theirs else None
