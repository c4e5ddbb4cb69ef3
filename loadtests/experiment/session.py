"""A variant that is being measured: its service, what it predicts without one, and what was seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from loadtests.experiment.result import Peak, Trial
from loadtests.experiment.search import Search, peak_of
from loadtests.measure.check import Check
from loadtests.measure.summary import Window
from loadtests.system.identity import Identity
from loadtests.system.offline_predictions import OfflinePredictions
from loadtests.system.probe import Unloaded
from loadtests.system.server_process import Server
from loadtests.workload.target import Target


@dataclass
class Subject:
    """One of the variants of a run. All their services run at once, idle while another is measured.

    A service each, not one for all: then memory is that of one variant, and none can disturb another through
    shared threads, batches or a crash. An idle service uses no processor time.
    """

    name: str
    target: Target
    server: Server
    offline: OfflinePredictions | None
    audits: tuple[Check, ...] = ()


@dataclass
class Record:
    """What was seen of one variant at one number of rows a request."""

    subject: Subject
    rows: int
    unloaded: Unloaded
    before: Identity | None
    """The service, as it was before the first round."""
    rate: float = 0.0
    windows: list[Window] = field(default_factory=list)
    """One a round."""
    searches: list[Search] = field(default_factory=list)
    extra: list[Trial] = field(default_factory=list)
    """Rates tried for a profile, each as a share of the peak."""

    @property
    def peak(self) -> Peak | None:
        """What its searches have found by now; None where there was none."""
        return peak_of(self.searches) if self.searches else None

    @property
    def bearable(self) -> float:
        """Requests a second that the variant bears: its peak or, without one, those one after the other."""
        peak = self.peak
        return (peak and peak.requests_per_s) or 1000 / self.unloaded.mean_ms


def shared_rate(records: Sequence[Record]) -> float:
    """Return the requests a second of the rounds after a search, for at least one record.

    It is the same for all, and half of what the weakest bears, with a peak or without: then their latencies
    can be compared, and none is refused.
    """
    return min(one.bearable for one in records) / 2
