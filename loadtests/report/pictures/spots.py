"""Where the loads stand in the picture of the trade-off: their figures with both ends, and the front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from evidence.estimate import Estimate
from evidence.pareto import front
from loadtests.experiment.measured import Measured
from loadtests.judge.document import Document
from loadtests.report.pictures.look import is_grey
from loadtests.workload import scenarios
from loadtests.workload.scenarios import SCENARIOS

_ACCURACY_SPAN_MIN = 0.004  # so that a difference of nothing does not fill the picture


@dataclass(frozen=True)
class Figure:
    """What the horizontal axis shows."""

    name: str
    means: str
    """What the figure is, for whoever reads it the first time."""
    sign: int
    """1 where more is better, -1 where less is."""
    of: Callable[[Measured], Estimate | None]
    """None where it is not known. An end that is not known is infinite."""

    @property
    def axis(self) -> str:
        return f"{self.name} (log scale; {'right' if self.sign > 0 else 'left'} is better)"


def cost(load: Measured) -> Estimate | None:
    """Return rows per core-second, with the interval over the blocks."""
    return load.cost


def throughput(load: Measured) -> Estimate | None:
    """Return rows a second, with the interval over the blocks."""
    return load.throughput


def p99(load: Measured) -> Estimate | None:
    """Return the 99th percentile of the latency in milliseconds, with its interval."""
    return load.latency.p99_ms if load.latency else None


def peak(load: Measured) -> Estimate | None:
    """Return the peak rate in requests a second, between the lowest and the highest of its searches."""
    if load.peak is None or not load.peak.requests_per_s:
        return None
    found = [*load.peak.held.values(), load.peak.requests_per_s]
    return Estimate(load.peak.requests_per_s, min(found), max(found))


def goodput(load: Measured) -> Estimate | None:
    """Return the requests a second that were answered as promised and in time; of one piece, so unbounded."""
    return Estimate.unbounded(load.goodput_per_s) if load.goodput_per_s else None


def p50(load: Measured) -> Estimate | None:
    """Return the median of the latency in milliseconds, with its interval."""
    return load.latency.p50_ms if load.latency else None


COST = Figure(
    "rows per core-second",
    "What a second of the service's processor time buys, whatever else the machine did meanwhile.",
    1,
    cost,
)
SPEED = Figure("throughput, rows/s", "What users got, on this machine as it was.", 1, throughput)
PEAK = Figure("peak rate, requests/s", "The highest rate that holds the bound of p99.", 1, peak)
GOODPUT = Figure("goodput, requests/s", "Answered as promised and in time.", 1, goodput)
MEDIAN = Figure("p50 latency, ms", "One request in two took longer.", -1, p50)
LATENCY = Figure("p99 latency, ms", "One request in a hundred took longer.", -1, p99)


def figures(document: Document) -> tuple[Figure, ...]:
    """Return what accuracy is shown against, what matters most first.

    The throughput of an open loop is its schedule's: no figure. Cost is none where the service is not ours.
    """
    is_open = SCENARIOS[document.scenario].is_scheduled
    told_by = document.verdict.figures
    known = {
        PEAK: any(load.peak for load in document.results),
        GOODPUT: not is_open and scenarios.GOODPUT in told_by,
        MEDIAN: scenarios.P50 in told_by,
        COST: any(load.cost for load in document.results),
        SPEED: not is_open,
        LATENCY: True,
    }
    return tuple(figure for figure, is_shown in known.items() if is_shown)


def accuracy_of(document: Document, load: Measured) -> Estimate | None:
    """Return the accuracy on all test rows where it is known, else on those of the load, if answered."""
    certificate = document.verdict.certificates.get(load.variant)
    return certificate.accuracy if certificate else load.accuracy


def shown(document: Document, rows: int, figure: Figure) -> list[Measured]:
    """Return the loads that have a place in the picture: those of which both figures are known."""
    return [load for load in document.with_rows(rows) if accuracy_of(document, load) and figure.of(load)]


def limits(document: Document, figure: Figure) -> list[float]:
    """Return the values of a figure and the ends of its intervals, of all loads: they share the axes."""
    spots = [figure.of(load) for load in document.results]
    ends = [end for spot in spots if spot for end in (spot.low, spot.value, spot.high)]
    return [end for end in ends if isfinite(end) and end > 0]


def stairs(
    document: Document, loads: Sequence[Measured], figure: Figure, ends: tuple[float, float], floor: float
) -> list[tuple[float, float]]:
    """Return the corners of the Pareto front of what is not grey, below which every point is beaten.

    They run from `floor`, an accuracy, over the fastest point to the most accurate, and on to that of the
    `ends` of the axis where nobody wants to be. Empty where everything is grey.
    """
    points = [
        (figure.sign * spot.value, own.value)
        for load in loads
        if (own := accuracy_of(document, load)) and (spot := figure.of(load)) and not is_grey(document, load)
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


def accuracy_limits(document: Document) -> tuple[float, float]:
    """Return the ends of the axis of accuracy: every interval of every load, and an edge."""
    known = [one for load in document.results if (one := accuracy_of(document, load))]
    low, high = min(one.low for one in known), max(one.high for one in known)
    edge = max((high - low) * 0.06, (_ACCURACY_SPAN_MIN - (high - low)) / 2)
    return low - edge, high + edge
