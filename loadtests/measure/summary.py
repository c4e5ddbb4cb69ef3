"""What the samples of one load say: throughput, exact percentiles, accuracy, and who was the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot

import numpy as np

from evidence.estimate import Estimate
from evidence.percentiles import percentile
from evidence.shares import wilson
from evidence.windows import share_of_windows
from loadtests.measure.latency import Latency
from loadtests.measure.punctuality import counts_of, in_time, stretch_of
from loadtests.measure.samples import Samples, merge
from loadtests.workload.arrays import Flags, Ints

STRETCHES_MIN = 8  # of a load, at least, to see how what is late scatters
STRETCHES_MAX = 20


@dataclass(frozen=True)
class Accuracy(Estimate):
    """How right the answers were. Each test row counts once, by the share of its answers that were right.

    So a row that came round a thousand times is one piece of evidence, in the value as in its 95% interval.
    """

    unique_rows: int


@dataclass(frozen=True)
class Summary:
    """The figures of one or several windows, of `seconds` together.

    Only answers as promised count for throughput and latency: a fast error is no speed.
    """

    seconds: float
    answers: int
    failures: dict[str, int]
    """How many requests failed, by reason."""
    requests_per_s: float
    rows_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    accuracy: Accuracy | None
    """None where nothing was answered, as the percentiles are."""
    generator_cpu: float | None
    """Processor time of the load generator, as a share of the window; None where it was not watched."""
    generator_waited: float | None = None
    """How long the generator was ready to run and had no core, as a share of the window; None if unknown."""
    latency: Latency | None = None
    """From the scheduled moment to the answer; in a closed loop, from when its user wanted to send."""
    uncorrected: Latency | None = None
    """From the sending to the answer: what a test reports that leaves out how long requests had to wait, for
    their turn or for a connection."""
    sent_late_p99_ms: float | None = None
    """How late the generator itself sent, not for want of a connection; None where nothing is scheduled."""
    offered: int = 0
    """Requests scheduled or sent within the window, however they ended."""
    bound_ms: float | None = None
    """What counts as in time; None where everything does."""
    in_time: int = 0
    """Of those offered: answered as promised, within the bound."""
    reconnections: int = 0
    """Connections that took the place of one that the service had closed between two requests."""
    goodput_per_s: float = 0.0
    """Requests answered as promised and in time, each second: late answers are of no use to who waited."""
    effective_accuracy: Estimate | None = None
    """Each test row offered counts once, by the share of its requests answered rightly and in time."""

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def goodput_of(self, requests_per_s: float) -> float:
        """Return the goodput of a throughput that was reckoned in another way: its share in time is this."""
        return requests_per_s * self.in_time / self.answers if self.answers else 0.0


@dataclass(frozen=True)
class Window:
    """A stretch of one load that is measured, on the samples' own clock."""

    samples: Samples
    start: float
    end: float

    @property
    def seconds(self) -> float:
        return max(self.end - self.start, 0.0)

    @property
    def measured(self) -> Samples:
        """The samples that the window is about (see `Samples.measured`)."""
        return self.samples.trimmed(self.samples.measured(self.start, self.end))


def summarise(samples: Samples, start: float, end: float, *, bound_ms: float | None = None) -> Summary:
    """Summarise the requests of one window. See `summarise_windows`."""
    return summarise_windows([Window(samples, start, end)], bound_ms=bound_ms)


def summarise_windows(windows: Sequence[Window], *, bound_ms: float | None = None) -> Summary:
    """Summarise the requests of several windows together, at least one; answers beyond `bound_ms` are late.

    Throughput is of the answers that were complete within the windows, latency and accuracy are of the
    requests that the windows are about (see `Samples.measured`).
    """
    seconds = sum(window.seconds for window in windows)
    parts = [one.measured for one in windows]
    merged, stretches = merge(parts), _stretches(windows, parts)
    within = merge([one.samples.trimmed(one.samples.between(one.start, one.end)) for one in windows])
    answers, useful = int(np.count_nonzero(within.ok)), int(np.count_nonzero(in_time(within, bound_ms)))
    good, punctual = merged.ok, in_time(merged, bound_ms)
    exact = Latency.of((merged.done - merged.scheduled)[good], stretches[good]) if good.any() else None
    return Summary(
        seconds=seconds,
        answers=int(np.count_nonzero(good)),
        failures=_failures(merged),
        requests_per_s=answers / seconds if seconds else 0.0,
        rows_per_s=answers * merged.rows / seconds if seconds else 0.0,
        p50_ms=exact.p50_ms.value if exact else None,
        p95_ms=exact.p95_ms.value if exact else None,
        p99_ms=exact.p99_ms.value if exact else None,
        accuracy=accuracy(merged, good) if exact else None,
        generator_cpu=_share_of_core(windows, "usage_cpu"),
        generator_waited=_share_of_core(windows, "usage_waited"),
        latency=exact,
        uncorrected=Latency.of((merged.done - merged.sent)[good], stretches[good]) if exact else None,
        sent_late_p99_ms=_sent_late_p99_ms(merged),
        offered=len(merged),
        bound_ms=bound_ms,
        in_time=int(np.count_nonzero(punctual)),
        reconnections=sum(map(_reconnections, windows)),
        goodput_per_s=useful / seconds if seconds else 0.0,
        effective_accuracy=_effective_accuracy(merged, punctual, stretches),
    )


def summarise_all(samples: Samples) -> Summary:
    """Summarise a whole load, from its first request to its last answer."""
    if not len(samples):
        return summarise(samples, 0.0, 0.0)
    last = float(np.nextafter(samples.done.max(), np.inf))
    return summarise(samples, float(samples.scheduled.min()), last)


def accuracy(samples: Samples, chosen: Flags) -> Accuracy:
    """Return the accuracy of the `chosen` samples, of which at least one must be an answer."""
    answered, right = samples.answers_by_row(chosen)
    seen = answered > 0
    value = float(np.mean(right[seen] / answered[seen]))
    unique = int(np.count_nonzero(seen))
    interval = wilson(value, unique)
    return Accuracy(value, interval.low, interval.high, unique)


def _reconnections(window: Window) -> int:
    times = window.samples.reconnected
    return int(np.count_nonzero((times >= window.start) & (times < window.end)))


def _effective_accuracy(samples: Samples, punctual: Flags, stretches: Ints) -> Estimate | None:
    """Return how much of what was offered was answered rightly and in time, with its 95% interval.

    As with live accuracy each test row counts once, here by the share of all its requests, answered or not,
    that were answered rightly and in time. So this is never above live accuracy, and equal where all were.
    The interval is that of the rows, and of the share in time as it scatters over the load: a stall is one
    event, however many rows it delays. The distances of both to their ends are squared and added (MOVER: Zou
    and Donner 2008, "Construction of confidence limits about effect measures").
    """
    if not len(samples):
        return None
    offered = samples.asked_by_row(np.ones(len(samples), np.bool_))
    _, right = samples.answers_by_row(punctual)
    seen = offered > 0
    value = float(np.mean(right[seen] / offered[seen]))
    rows = wilson(value, int(np.count_nonzero(seen)))
    times = share_of_windows(*counts_of(stretches, punctual))
    down = hypot(value - rows.low, times.value - times.low)
    up = hypot(rows.high - value, times.high - times.value)
    return Estimate(value, max(0.0, value - down), min(1.0, value + up))


def _stretches(windows: Sequence[Window], parts: Sequence[Samples]) -> Ints:
    """Return for each sample of the windows, one after another, in which stretch of the load it is; (n,).

    Few windows are cut into stretches, and of many those that are neighbours make one: what disturbs a window
    disturbs the next as well.
    """
    cut = ceil(STRETCHES_MIN / len(windows))
    count = cut * len(windows)
    found = [
        place * cut + stretch_of(part, one.start, one.end, cut)
        for place, (one, part) in enumerate(zip(windows, parts, strict=True))
    ]
    return np.concatenate(found) * min(STRETCHES_MAX, count) // count


def _sent_late_p99_ms(samples: Samples) -> float | None:
    if not samples.is_open or not len(samples):
        return None
    return percentile((samples.sent - samples.due) * 1000, 99)


def _failures(samples: Samples) -> dict[str, int]:
    failed = samples.error[~samples.ok]
    counts = np.bincount(failed, minlength=len(samples.errors)).tolist()
    return {str(reason): count for reason, count in zip(samples.errors, counts, strict=True) if count}


def _share_of_core(windows: Sequence[Window], usage: str) -> float | None:
    """Return the generator's seconds of `usage` in the windows over the time of them that was watched."""
    used = watched = 0.0
    for window in windows:
        times, seconds = window.samples.usage_time, getattr(window.samples, usage)
        if len(times) < 2 or window.end <= window.start:
            continue
        at = np.interp([window.start, window.end], times, seconds)
        used += float(at[1] - at[0])
        watched += max(0.0, min(window.end, float(times[-1])) - max(window.start, float(times[0])))
    return used / watched if watched > 0 and not np.isnan(used) else None
