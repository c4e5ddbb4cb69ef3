"""A regression: whether a second run is worse than a first, load by load, as far as their intervals tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from evidence.estimate import Estimate
from evidence.ratios import ratio_of_all, ratio_of_runs
from evidence.shares import unpaired_difference
from loadtests.errors import LoadTestError
from loadtests.experiment.measured import Measured, load_in_words
from loadtests.judge.change import (
    ACCURACY,
    AGREEMENT,
    BETTER,
    SAME,
    UNKNOWN,
    WORSE,
    Change,
    Changes,
)
from loadtests.judge.contrast import ratio_of_peaks_of_runs
from loadtests.judge.document import Document
from loadtests.judge.terms import differences
from loadtests.workload.scenarios import COST, P50, P99, SCENARIOS, STEPPED, THROUGHPUT

BY_LATENCY = {"single_stream", "server"}  # scenarios whose rate is not the service's own doing
CONFIDENCE = 0.95  # that nothing which did not change is told apart, over all that is compared
_BLIND = 2.0  # an interval that holds twice as much and half of it tells nothing
TOLERANCE = 0.05  # machines drift between two runs by this much, and no interval within one run shows it


def compare(
    before: Document, after: Document, *, tolerance: float = TOLERANCE, confidence: float = CONFIDENCE
) -> Changes:
    """Compare two runs of one scenario on one machine, load by load.

    Two figures are told apart where the interval of their ratio leaves 1 out *and* the ratio is off by more
    than `tolerance`. The intervals are Bonferroni's: `confidence` is the chance that, of all figures, none is
    told apart which did not change. Accuracy has no tolerance: it is not the machine's.

    Raises LoadTestError where the runs cannot be compared: they differ in their `terms`, are of rates that go
    up, a load is void, one is partial, or they have nothing in common.
    """
    _see_that_they_compare(before, after)
    first, second = _by_load(before), _by_load(after)
    shared = [key for key in first if key in second]
    if not shared:
        raise LoadTestError("the reports have no variant with the same number of rows in common")
    pairs = [(first[key], second[key]) for key in shared]
    # Half of the chance to err is for what is true of all loads, half for what is true of one.
    each = 1 - (1 - confidence) / 2 / sum(len(_figures(pair)) + 1 + _was_searched(pair) for pair in pairs)
    changes = [change for pair in pairs for change in _changes(*pair, each, tolerance)]
    if not before.yardstick.is_labelled:
        changes = [replace(one, figure=AGREEMENT) if one.figure == ACCURACY else one for one in changes]
    overall = _overall(pairs, 1 - (1 - confidence) / 2, tolerance) if len(pairs) > 1 else ()
    lost, added = _only(first, second, "first"), _only(second, first, "second")
    return Changes((*overall, *changes), (*lost, *added), lost)


def _see_that_they_compare(before: Document, after: Document) -> None:
    if found := differences(before, after):
        raise LoadTestError(f"the reports cannot be compared: {'; '.join(found)}")
    if SCENARIOS[before.scenario].kind == STEPPED:
        raise LoadTestError(
            f"reports of {before.scenario} are not compared: their rates are shares of what was borne when "
            "they ran; measure both in one run, as --system"
        )
    for name, document in (("first", before), ("second", after)):
        if document.partial:
            raise LoadTestError(f"the {name} report is partial: {document.partial}")
        void = [load.name for load in document.results if load.void]
        if void:
            raise LoadTestError(f"the {name} report is void for {', '.join(void)}: it proves nothing")


def _by_load(document: Document) -> dict[tuple[str, int], Measured]:
    return {(load.variant, load.rows_per_request): load for load in document.results}


def _only(
    ours: dict[tuple[str, int], Measured], theirs: dict[tuple[str, int], Measured], which: str
) -> tuple[str, ...]:
    return tuple(
        f"{load_in_words(variant, rows)} is only in the {which} report"
        for variant, rows in ours
        if (variant, rows) not in theirs
    )


def _figures(pair: tuple[Measured, Measured]) -> dict[str, tuple[str, int]]:
    """Return the figures that are compared as ratios: the field of a block, and 1 where more is better.

    Where a schedule, or the wait for one answer, sets the rate, throughput is not the service's own, and how
    well requests share an answer's cost is the schedule's. After a search the blocks of each run are at a
    rate of its own, which the peaks of that run set: none compares.
    """
    if _was_searched(pair):
        return {}
    if pair[0].scenario in BY_LATENCY:
        return {"p50": (P50, -1), "p99": (P99, -1)}
    cost = {"cost": (COST, 1)} if all(load.cost for load in pair) else {}
    return {"throughput": (THROUGHPUT, 1), **cost, "p99": (P99, -1)}


def _known(load: Measured, field: str) -> list[float]:
    """Return a figure of every block that has it: of one in which no turn counts there is none."""
    return [value for value in load.figures(field).values() if value]


def _was_searched(pair: tuple[Measured, Measured]) -> bool:
    return any(one.peak is not None for one in pair)


def _changes(before: Measured, after: Measured, confidence: float, tolerance: float) -> Iterator[Change]:
    pair = (before, after)
    for figure, (field, sign) in _figures(pair).items():
        blocks = [_known(load, field) for load in pair]
        ratio = ratio_of_runs(blocks[1], blocks[0], confidence)
        yield _change(pair, figure, ratio, _finding(ratio, sign, tolerance))
    if _was_searched(pair):
        yield _peak(before, after, confidence, tolerance)
    yield _accuracy(before, after, confidence)


def _peak(before: Measured, after: Measured, confidence: float, tolerance: float) -> Change:
    """Compare two searches. A peak that is no longer found is worse, and one that was not there is better."""
    if before.peak is None or after.peak is None:  # only one of the runs looked for it
        return _change((before, after), "peak", None, UNKNOWN)
    ratio = ratio_of_peaks_of_runs(after.peak, before.peak, confidence)
    finding = _finding(ratio, 1, tolerance)
    was, is_there = bool(before.peak.requests_per_s), bool(after.peak.requests_per_s)
    if was != is_there:
        finding = WORSE if was else BETTER
    return _change((before, after), "peak", ratio, finding)


def _overall(
    pairs: Sequence[tuple[Measured, Measured]], confidence: float, tolerance: float
) -> Iterator[Change]:
    if any(map(_was_searched, pairs)):
        return
    figures = _figures(pairs[0])
    for figure, (field, sign) in figures.items():
        blocks = [tuple(_known(load, field) for load in pair) for pair in pairs]
        each = 1 - (1 - confidence) / len(figures)
        ratio = ratio_of_all([(after, before) for before, after in blocks], each)
        yield _change(None, figure, ratio, _finding(ratio, sign, tolerance))


def _accuracy(before: Measured, after: Measured, confidence: float) -> Change:
    difference = None
    if before.accuracy and after.accuracy:
        sides = [(one.value, one.unique_rows) for one in (after.accuracy, before.accuracy)]
        difference = unpaired_difference(sides[0], sides[1], confidence=confidence)
    finding = {-1: WORSE, 0: SAME, 1: BETTER}[difference.side_of(0)] if difference else UNKNOWN
    return _change((before, after), ACCURACY, difference, finding)


def _change(
    loads: tuple[Measured, Measured] | None, figure: str, step: Estimate | None, finding: str
) -> Change:
    return Change(
        variant=loads[0].variant if loads else "all",
        rows=loads[0].rows_per_request if loads else None,
        figure=figure,
        before=_whole(loads[0], figure) if loads else None,
        after=_whole(loads[1], figure) if loads else None,
        value=step.value if step else None,
        low=step.low if step and step.is_bounded else None,
        high=step.high if step and step.is_bounded else None,
        finding=finding,
    )


def _whole(load: Measured, figure: str) -> float | None:
    return {
        "throughput": load.throughput.value if load.throughput else None,
        "cost": load.cost.value if load.cost else None,
        "p50": load.p50,
        "p99": load.p99,
        "peak": load.peak.requests_per_s if load.peak else None,
        ACCURACY: load.accuracy.value if load.accuracy else None,
    }[figure]


def _finding(ratio: Estimate | None, sign: int, tolerance: float) -> str:
    if ratio is None or not ratio.is_bounded or (ratio.low < 1 / _BLIND and ratio.high > _BLIND):
        return UNKNOWN
    # A ratio and its inverse are equally far from 1.
    is_large = max(ratio.value, 1 / ratio.value) > 1 + tolerance
    if 1 in ratio or not is_large:
        return SAME
    return BETTER if ratio.is_more_than(1) == (sign > 0) else WORSE
