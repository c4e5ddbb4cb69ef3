"""Where the loads stand in the picture of the trade-off: their figures with both ends, and the front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evidence.estimate import Estimate
from evidence.pareto import front
from evidence.ratios import level_of_rounds
from loadtests.experiment.measured import Measured
from loadtests.judge.document import Document
from loadtests.report.pictures.look import is_grey
from loadtests.workload.scenarios import OPEN, SCENARIOS

_ACCURACY_SPAN_MIN = 0.004  # so that a difference of nothing does not fill the picture


@dataclass(frozen=True)
class Figure:
    """What the horizontal axis shows."""

    name: str
    sign: int
    """1 where more is better, -1 where less is."""
    of: Callable[[Measured], Estimate | None]
    """None where it is not known."""


def throughput(load: Measured) -> Estimate | None:
    """Return rows a second, with the interval that the rounds give."""
    level = level_of_rounds(load.figures("rows_per_s"))
    value = load.rows_per_s
    if not value:
        return None
    if level is None or not level.is_bounded:
        return Estimate(value, value, value)
    return Estimate(value, min(value, level.low), max(value, level.high))


def p99(load: Measured) -> Estimate | None:
    """Return the 99th percentile of the latency in milliseconds, with its interval."""
    if not load.p99:
        return None
    return load.latency.p99_ms if load.latency else Estimate(load.p99, load.p99, load.p99)


def peak(load: Measured) -> Estimate | None:
    """Return the peak rate in requests a second, between the lowest and the highest of its searches."""
    if load.peak is None or not load.peak.requests_per_s:
        return None
    found = [*load.peak.held.values(), load.peak.requests_per_s]
    return Estimate(load.peak.requests_per_s, min(found), max(found))


LATENCY = Figure("p99 latency, ms (log scale; left is better)", -1, p99)
SPEED = Figure("throughput, rows/s (log scale; right is better)", 1, throughput)
PEAK = Figure("peak rate, requests/s (log scale; right is better)", 1, peak)


def figures(document: Document) -> tuple[Figure, ...]:
    """Return what accuracy is shown against. The throughput of an open loop is its schedule's: no figure."""
    if any(load.peak for load in document.results):
        return LATENCY, PEAK
    return (LATENCY,) if SCENARIOS[document.scenario].kind == OPEN else (LATENCY, SPEED)


def shown(document: Document, rows: int, figure: Figure) -> list[Measured]:
    """Return the loads that have a place in the picture: those with answers."""
    return [load for load in document.with_rows(rows) if load.accuracy and figure.of(load)]


def stairs(
    document: Document, loads: Sequence[Measured], figure: Figure, ends: tuple[float, float], floor: float
) -> list[tuple[float, float]]:
    """Return the corners of the Pareto front of what is not grey, below which every point is beaten.

    They run from `floor`, an accuracy, over the fastest point to the most accurate, and on to that of the
    `ends` of the axis where nobody wants to be. Empty where everything is grey.
    """
    points = [
        (figure.sign * spot.value, load.accuracy.value)
        for load in loads
        if load.accuracy and (spot := figure.of(load)) and not is_grey(document, load)
    ]
    corners = [points[place] for place in front(points)]
    if not corners:
        return []
    found = [(figure.sign * corners[0][0], floor)]
    worst = ends[0] if figure.sign > 0 else ends[1]
    onward = [figure.sign * speed for speed, _ in corners[1:]]
    for (speed, accuracy), following in zip(corners, [*onward, worst], strict=True):
        found += [(figure.sign * speed, accuracy), (following, accuracy)]
    return found


def accuracy_limits(loads: Sequence[Measured]) -> tuple[float, float]:
    """Return the ends of the axis of accuracy: every interval, and an edge."""
    known = [load.accuracy for load in loads if load.accuracy]
    low, high = min(one.low for one in known), max(one.high for one in known)
    edge = max((high - low) * 0.06, (_ACCURACY_SPAN_MIN - (high - low)) / 2)
    return low - edge, high + edge
