"""The series of live shares, such as an agreement, with intervals that are valid whenever they are read.

Workers count for themselves, and what is shown is of their sums.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from prometheus_client import Gauge
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from evidence.estimate import Estimate
from evidence.looks.sequence import confidence_sequence

_TRIALS, _SUCCESSES, _ALARM = PARTS = "trials", "successes", "alarm"


@dataclass(frozen=True)
class ShareSeries:
    """Of one kind of share: trials, successes, and whether it is another than was expected."""

    gauges: tuple[Gauge, Gauge, Gauge]
    end_one: Callable[..., None]

    def set(self, labels: tuple[str, ...], trials: int, successes: float, *, alarm: bool) -> None:
        """Announce what this worker has counted."""
        for gauge, value in zip(self.gauges, (trials, successes, alarm), strict=True):
            gauge.labels(*labels).set(value)

    def end(self, labels: tuple[str, ...]) -> None:
        """Announce that it is counted no more."""
        for gauge in self.gauges:
            self.end_one(gauge, *labels)


class Counts(NamedTuple):
    """What all workers have counted of one share."""

    labels: dict[str, str]
    trials: int
    share: Estimate
    """With its interval."""
    alarm: bool


def counts_of(name: str, families: Mapping[str, Metric]) -> Iterator[Counts]:
    """Yield what was counted of the share of this name, for all labels of which there is a trial."""
    found: defaultdict[frozenset[tuple[str, str]], dict[str, float]] = defaultdict(dict)
    for part in PARTS:
        family = families.get(f"{name}_{part}")
        for sample in family.samples if family is not None else ():
            found[frozenset(sample.labels.items())][part] = sample.value
    for labels, one in found.items():
        trials = int(one.get(_TRIALS, 0))
        if trials:
            # A worker may be between the one number and the other.
            successes = min(one.get(_SUCCESSES, 0.0), trials)
            yield Counts(dict(labels), trials, confidence_sequence(successes, trials), bool(one.get(_ALARM)))


def with_intervals(families: Iterable[Metric], shares: Mapping[str, str]) -> list[Metric]:
    """Return all series, and after them each of the `shares`, whose texts these are, with its interval."""
    known = {family.name: family for family in families}
    found = list(known.values())
    for name, text in shares.items():
        metric = GaugeMetricFamily(name, text)
        for counts in counts_of(name, known):
            share = counts.share
            for bound, value in (("share", share.value), ("low", share.low), ("high", share.high)):
                metric.add_sample(name, counts.labels | {"bound": bound}, value)
        found.append(metric)
    return found
