"""What the samples of one load say: throughput, exact percentiles, accuracy, and who was the limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loadtests.latency import Bounded, Latency
from loadtests.recorder import Samples
from loadtests.statistics import percentile, wilson


@dataclass(frozen=True)
class Accuracy:
    """How right the answers were. Each test row counts once, by the share of its answers that were right.

    So a row that came round a thousand times is one piece of evidence, in the value as in its 95% interval.
    """

    value: float
    low: float
    high: float
    unique_rows: int
    answered_rows: int


@dataclass(frozen=True)
class Summary:
    """The figures of the answers that were complete within a window of `seconds`.

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
    latency: Latency | None = None
    """From the scheduled moment to the answer; where nothing is scheduled, from the sending."""
    uncorrected: Latency | None = None
    """From the sending to the answer: what a test reports that leaves out how long requests had to wait."""
    sent_late_p99_ms: float | None = None
    """How late the generator itself sent; None where nothing is scheduled."""
    offered: int = 0
    """Requests scheduled or sent within the window, however they ended."""
    bound_ms: float | None = None
    """What counts as in time; None where everything does."""
    in_time: int = 0
    """Of those offered: answered as promised, within the bound."""
    effective_accuracy: Bounded | None = None
    """Rows answered rightly and in time, as a share of all rows offered."""

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


def summarise(samples: Samples, start: float, end: float) -> Summary:
    """Summarise the answers complete at or after `start` and before `end`, of the samples' own clock."""
    inside = samples.between(start, end)
    good = inside & samples.ok
    answers = int(np.count_nonzero(good))
    seconds = max(end - start, 0.0)
    per_second = 1 / seconds if seconds else 0.0
    latencies = (samples.done[good] - samples.sent[good]) * 1000
    return Summary(
        seconds=seconds,
        answers=answers,
        failures=_failures(samples, inside),
        requests_per_s=answers * per_second,
        rows_per_s=answers * samples.rows * per_second,
        p50_ms=percentile(latencies, 50) if answers else None,
        p95_ms=percentile(latencies, 95) if answers else None,
        p99_ms=percentile(latencies, 99) if answers else None,
        accuracy=accuracy(samples, good) if answers else None,
        generator_cpu=_cpu_share(samples, start, end),
    )


def summarise_all(samples: Samples) -> Summary:
    """Summarise a whole load, from its first request to its last answer."""
    if not len(samples):
        return summarise(samples, 0.0, 0.0)
    last = float(np.nextafter(samples.done.max(), np.inf))
    return summarise(samples, float(samples.sent.min()), last)


def accuracy(samples: Samples, chosen: npt.NDArray[np.bool_]) -> Accuracy:
    """Return the accuracy of the `chosen` samples, of which at least one must be an answer."""
    answered, right = samples.answers_by_row(chosen)
    seen = answered > 0
    value = float(np.mean(right[seen] / answered[seen]))
    unique = int(np.count_nonzero(seen))
    interval = wilson(value, unique)
    return Accuracy(value, interval.low, interval.high, unique, int(answered.sum()))


def _failures(samples: Samples, inside: npt.NDArray[np.bool_]) -> dict[str, int]:
    failed = samples.error[inside & ~samples.ok]
    counts = np.bincount(failed, minlength=len(samples.errors)).tolist()
    return {str(reason): count for reason, count in zip(samples.errors, counts, strict=True) if count}


def _cpu_share(samples: Samples, start: float, end: float) -> float | None:
    if len(samples.usage_time) < 2 or end <= start:
        return None
    used = np.interp([start, end], samples.usage_time, samples.usage_cpu)
    covered = min(end, samples.usage_time[-1]) - max(start, samples.usage_time[0])
    return float((used[1] - used[0]) / covered) if covered > 0 else None
