"""A step: what became of the rows that were offered at one rate, and which variants were chosen for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evidence.estimate import Estimate
from evidence.windows import Counts, share_of_windows
from loadtests.experiment.checks import LATE_MAX
from loadtests.measure.punctuality import in_time, stretch_of
from loadtests.measure.samples import Samples
from loadtests.measure.summary import Window
from loadtests.workload.scenarios import EXPIRED, SHED

LATE_SHARE = 0.05  # of the requests of a window may have been sent late
PARTS = 4  # of a window, at which the scatter is looked at: each is longer than most of what befalls one


@dataclass(frozen=True)
class Chose:
    """How often the service chose a variant, and why."""

    variant: str
    reason: str
    """As the service gives it: `load`, `deadline`; empty where it gives none."""
    requests: int


@dataclass(frozen=True)
class Step:
    """One rate, of all seeds together. Shares are of all rows offered; the five add up to 1."""

    share: float
    """The rate, as a share of what the quickest variant bore in the same minutes."""
    requests_per_s: float
    """At which arrivals were drawn, on the mean of the seeds that count."""
    offered: int
    """Requests."""
    right: float
    """Answered rightly and in time: the effective accuracy."""
    wrong: float
    """Answered in time, but wrongly."""
    late: float
    """Answered beyond the bound, or given up by the service for having been here too long (504)."""
    shed: float
    """Refused by the service (503)."""
    failed: float
    """Any other answer, or none."""
    effective_accuracy: Estimate
    """With an interval from how the parts of all windows scatter."""
    chosen: tuple[Chose, ...] = ()
    """Where the service chose: the commonest first. Only of requests that were answered as promised."""
    is_void: bool = False
    """In all of its windows the generator did not keep the schedule, for this variant or for another."""

    @property
    def missed(self) -> float:
        """The share that was not answered in time, for whatever reason."""
        return self.late + self.shed + self.failed

    @property
    def accuracy(self) -> float | None:
        """Of what was answered in time; None where nothing was."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


@dataclass(frozen=True, eq=False)
class Sent:
    """One window of one variant: `seed` and `place` say which moments it was sent at."""

    seed: int
    place: int
    """Of its rate among the steps."""
    share: float
    rate: float
    window: Window
    is_void: bool = False
    """The generator did not keep the schedule, for this variant or for another that was sent the same."""


def sent_late(window: Window, bound_ms: float) -> float:
    """Return the share of requests that the generator sent late, by more than a tenth of the bound.

    That it waited for its core otherwise changes nothing: what is counted is who was in time.
    """
    samples = window.measured
    late = (samples.sent - samples.due) * 1000 > LATE_MAX * bound_ms
    return float(late.mean())


def steps_of(windows: Sequence[Sent], bound_ms: float) -> tuple[Step, ...]:
    """Return what came of each rate, by the windows that count if there are any."""
    places = sorted({one.place for one in windows})
    return tuple(step_of(at(windows, place), bound_ms) for place in places)


def at(windows: Sequence[Sent], place: int) -> list[Sent]:
    """Return the windows at one rate that count; all, where none does."""
    mine = [one for one in windows if one.place == place]
    return [one for one in mine if not one.is_void] or mine


def step_of(windows: Sequence[Sent], bound_ms: float) -> Step:
    """Return what came of all windows at one rate, at least one request of which there must be."""
    parts = [one.window.measured for one in windows]
    rows = parts[0].rows
    hits, trials = counts(windows, bound_ms)
    offered = sum(map(len, parts))
    whole = offered * rows
    punctual = sum(int(np.count_nonzero(in_time(one, bound_ms))) for one in parts) * rows
    shed, expired = (sum(_with_status(one, status) for one in parts) * rows for status in (SHED, EXPIRED))
    late = sum(int(np.count_nonzero(one.ok & ~in_time(one, bound_ms))) for one in parts) * rows
    right = int(hits.sum())
    return Step(
        share=windows[0].share,
        requests_per_s=sum(one.rate for one in windows) / len(windows),
        offered=offered,
        right=right / whole,
        wrong=(punctual - right) / whole,
        late=(late + expired) / whole,
        shed=shed / whole,
        failed=(whole - punctual - late - expired - shed) / whole,
        effective_accuracy=share_of_windows(hits, trials),
        chosen=_chosen(parts),
        is_void=windows[0].is_void,
    )


def counts(windows: Sequence[Sent], bound_ms: float) -> tuple[Counts, Counts]:
    """Return by part of each window the rows answered rightly and in time, and those offered; (parts,)."""
    hits, trials = [], []
    for one in windows:
        samples = one.window.measured
        part = stretch_of(samples, one.window.start, one.window.end, PARTS)
        right = np.where(in_time(samples, bound_ms), samples.correct, 0)
        hits.append(np.bincount(part, right, minlength=PARTS))
        trials.append(np.bincount(part, minlength=PARTS) * samples.rows)
    return np.concatenate(hits).astype(np.int64), np.concatenate(trials).astype(np.int64)


def _with_status(samples: Samples, status: int) -> int:
    return int(np.count_nonzero(samples.status == status))


def _chosen(parts: Sequence[Samples]) -> tuple[Chose, ...]:
    found: dict[tuple[str, str], int] = {}
    for one in parts:
        made = one.choice[one.ok & (one.choice >= 0)]
        for (variant, reason), count in zip(
            one.choices.tolist(), np.bincount(made, minlength=len(one.choices)).tolist(), strict=True
        ):
            found[variant, reason] = found.get((variant, reason), 0) + count
    commonest = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return tuple(Chose(*name, count) for name, count in commonest if count)
