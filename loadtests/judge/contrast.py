"""A contrast: what lies between two variants of one run in throughput, p99 and accuracy, with intervals.

Between two runs of one variant lies a change: see `regression`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from bundle.manifest import REFERENCE
from evidence.estimate import Estimate
from evidence.paired import Pairs
from evidence.ratios import ratio_of_rounds, ratio_of_runs
from evidence.unpaired import unpaired_difference
from loadtests.experiment.measured import AccuracyDifference, AgainstReference, Measured, ScoredLoad
from loadtests.experiment.search import RESOLUTION, Peak

Scores = Mapping[tuple[str, int], npt.NDArray[np.float64]]
"""By variant and rows a request: the share right of each test row, shape (test rows,), NaN if unseen."""


class Contrasts:
    """Compares two loads that were measured in the same rounds."""

    def __init__(self, scores: Scores | None = None) -> None:
        self._scores = scores or {}

    @classmethod
    def of(cls, loads: Sequence[ScoredLoad]) -> Self:
        """Compare these loads, accuracies row by row."""
        return cls(
            {
                (one.load.variant, one.load.rows_per_request): one.row_scores
                for one in loads
                if one.row_scores is not None
            }
        )

    def throughput(self, ours: Measured, theirs: Measured) -> Estimate | None:
        """Return the ratio of rows a second; of the peaks, where both were searched for."""
        if ours.peak and theirs.peak:
            return ratio_of_peaks(ours.peak, theirs.peak)
        return ratio_of_rounds(ours.figures("rows_per_s"), theirs.figures("rows_per_s")) or _bare(
            ours.rows_per_s, theirs.rows_per_s
        )

    def p99(self, ours: Measured, theirs: Measured) -> Estimate | None:
        """Return the ratio of the 99th percentiles of the latency; less is better."""
        return ratio_of_rounds(ours.figures("p99_ms"), theirs.figures("p99_ms")) or _bare(
            ours.p99, theirs.p99
        )

    def accuracy(self, ours: Measured, theirs: Measured) -> AccuracyDifference | None:
        """Return the difference of live accuracy: paired by test row, where the answers of each are known."""
        if ours.accuracy is None or theirs.accuracy is None:
            return None
        scores = [self._scores.get((one.variant, one.rows_per_request)) for one in (ours, theirs)]
        if scores[0] is not None and scores[1] is not None:
            pairs = Pairs.of_shares(scores[0], scores[1])
            if pairs:
                return _difference(pairs.difference, pairs.rows, is_paired=True)
        sides = [(one.value, one.unique_rows) for one in (ours.accuracy, theirs.accuracy)]
        rows = min(rows for _, rows in sides)
        return _difference(unpaired_difference(sides[0], sides[1]), rows, is_paired=False)

    def with_reference(self, loads: Sequence[Measured]) -> list[Measured]:
        """Return the loads, each with what lies between it and float32 with as many rows a request."""
        references = {one.rows_per_request: one for one in loads if one.variant == REFERENCE}
        return [self._compared(one, references.get(one.rows_per_request)) for one in loads]

    def _compared(self, load: Measured, reference: Measured | None) -> Measured:
        if reference is None or reference is load:
            return load
        contrast = AgainstReference(
            throughput=self.throughput(load, reference),
            p99=self.p99(load, reference),
            accuracy=self.accuracy(load, reference),
        )
        return load.model_copy(update={"against_reference": contrast})


def ratio_of_peaks(ours: Peak, theirs: Peak) -> Estimate | None:
    """Return the ratio of two peak rates of one run, from the searches that stood side by side.

    Only searches that were confirmed count, and it takes two of either for an interval. None where a variant
    has no peak. Where nothing higher was seen to fail (the generator was the limit), the peak is open above,
    and the ratio tells nothing.
    """
    return _of_peaks(ours, theirs, ratio_of_rounds(ours.held, theirs.held))


def ratio_of_peaks_of_runs(ours: Peak, theirs: Peak, confidence: float) -> Estimate | None:
    """Return the ratio of two peak rates of two runs, as `ratio_of_peaks` does."""
    return _of_peaks(ours, theirs, ratio_of_runs([*ours.held.values()], [*theirs.held.values()], confidence))


def _of_peaks(ours: Peak, theirs: Peak, ratio: Estimate | None) -> Estimate | None:
    """Widen the interval by the resolution of a search: no peak is known more sharply than that."""
    if not ours.requests_per_s or not theirs.requests_per_s:
        return None
    is_open = "generator" in {ours.limited_by, theirs.limited_by}
    if is_open or ratio is None or not ratio.is_bounded:
        return Estimate.unbounded(ours.requests_per_s / theirs.requests_per_s)
    return Estimate(ratio.value, ratio.low / RESOLUTION, ratio.high * RESOLUTION)


def _bare(ours: float | None, theirs: float | None) -> Estimate | None:
    return Estimate.unbounded(ours / theirs) if ours and theirs else None


def _difference(found: Estimate, rows: int, *, is_paired: bool) -> AccuracyDifference:
    return AccuracyDifference(found.value, found.low, found.high, rows, is_paired)
