"""What Prometheus sees. Labels come from the models on disk, never from a client."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache, partial

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from service.observe.cascades import CascadeMetrics
from service.observe.choices import RATIOS, ChoiceMetrics
from service.observe.shares import PARTS, Counts, ShareSeries, counts_of, with_intervals
from service.observe.tally import Tally
from service.observe.workers import Workers

logger = logging.getLogger("service")

_SECONDS = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 5.0)
_HAND_ON_S = 0.2
_KEPT = 1024  # answers, and calls: some hundred kilobytes for a variant
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128)


STAGES = ("decode", "wait", "infer", "encode")


class VariantMetrics:
    """The series of one variant.

    Prometheus' own counters cost more than a small model does. So what is observed is only kept here, and
    handed on when there is much of it, somebody asks, or now and then, for another worker to see.
    """

    def __init__(
        self,
        *,
        answered: Counter,
        rows: Counter,
        stages: list[Counter],
        request_seconds: Histogram,
        inference_seconds: Histogram,
        batch_rows: Histogram,
        choices: ChoiceMetrics,
    ) -> None:
        self.choices = choices
        self._answered = answered
        self._counters = (rows, *stages)
        self._request_seconds = Tally(request_seconds, _SECONDS)
        self._inference_seconds = Tally(inference_seconds, _SECONDS)
        self._batch_rows = Tally(batch_rows, _ROWS)
        self._answers: list[tuple[float, ...]] = []
        self._calls: list[tuple[float, float]] = []

    def observe_answer(
        self, rows: int, took_s: float, decode_s: float, wait_s: float, infer_s: float, encode_s: float
    ) -> None:
        """Count one answered request, and the time that it spent in each stage."""
        self._answers.append((took_s, rows, decode_s, wait_s, infer_s, encode_s))
        if len(self._answers) >= _KEPT:
            self.hand_on()

    def observe_call(self, rows: int, took_s: float) -> None:
        """Count one call of the runtime, whatever requests shared it."""
        self._calls.append((rows, took_s))
        if len(self._calls) >= _KEPT:
            self.hand_on()

    def hand_on(self) -> None:
        """Give what was kept to Prometheus' counters."""
        self.choices.hand_on()
        if self._answers:
            answers, self._answers = np.array(self._answers), []
            self._answered.inc(len(answers))
            self._request_seconds.add(answers[:, 0])
            for counter, total in zip(self._counters, answers[:, 1:].sum(axis=0).tolist(), strict=True):
                counter.inc(total)
        if self._calls:
            calls, self._calls = np.array(self._calls), []
            self._batch_rows.add(calls[:, 0])
            self._inference_seconds.add(calls[:, 1])


class Metrics:
    """The service's own registry, so that two applications in one process do not share their counts."""

    def __init__(
        self,
        waiting_rows: Callable[[], int],
        *,
        dropped_lines: Callable[[], int] = lambda: 0,
        workers: Workers | None = None,
        processes: int = 1,
    ) -> None:
        # Where the library keeps a number: the process has one place for all its metrics.
        values.ValueClass = workers.value_class() if workers else values.MutexValue
        self._count_waiting_rows = waiting_rows
        self._count_dropped_lines = dropped_lines
        self._workers = workers
        self.processes = processes
        """How many count as this one does, each for itself."""
        self._registry = CollectorRegistry()
        target = ["model", "variant"]
        self._requests = self.counter(
            "requests",
            "Requests for predictions, and those that were refused, or gone, before they had an address, by "
            "outcome: the status answered, or 'disconnected'. Model and variant are empty where a request "
            "ended before it was known which variant it was for, and the variant is 'auto' where the service "
            "was to choose one and had not yet.",
            [*target, "outcome"],
        )
        self._rows = self.counter("rows", "Rows answered.", target)
        self._stages = self.counter(
            "stage_seconds",
            "Time that requests answered with 200 spent in each stage; over requests_total with that outcome "
            "it is the mean. Of infer, each counts the whole call that it shared.",
            [*target, "stage"],
        )
        self._request_seconds = self._histogram(
            "request_seconds",
            "Time from when a request was taken up, its headers or the whole of it read, until its answer "
            "was there to be sent; requests answered with 200 only.",
            target,
        )
        self._inference_seconds = self._histogram(
            "inference_seconds",
            "Duration of a call of the runtime that gave an answer, gathering its rows and normalising "
            "included.",
            target,
        )
        self._batch_rows = self._histogram(
            "batch_rows", "Rows in a call of the runtime that gave an answer.", target, _ROWS
        )
        self._choices = self.counter(
            "choices",
            "Requests answered with 200 whose variant the service chose, by the reason that the answer gave.",
            [*target, "reason"],
        )
        self._expected_seconds = self.counter(
            "expected_seconds",
            "Time that those requests were expected hardly ever to exceed, when their variant was chosen.",
            target,
        )
        self._ratio = self._histogram(
            "taken_over_expected", "Of those requests, the time taken over the time expected.", target, RATIOS
        )
        self._missed = self.counter(
            "deadlines_missed",
            "Requests whose variant the service chose that were answered later than their max_latency_ms, or "
            "the policy's, or not at all for that reason.",
            target,
        )
        self._waiting_rows = self._gauge(
            "waiting_rows", "Rows admitted and not yet answered, those in a call included.", [], "livesum"
        )
        self._ready = self._gauge(
            "ready_workers", "Workers that have loaded what they were to, and answer requests.", [], "livesum"
        )
        self._dropped_lines = self.counter(
            "access_log_dropped", "Requests whose line in the access log could not be written.", []
        )
        self._loaded = self._gauge(
            "variant_loaded",
            "1 where the variant of the version that serves is loaded, self-tested and warm in every worker.",
            target,
            "livemin",
        )
        self._version = self._gauge(
            "model_version",
            "The version that serves; while workers differ, the lowest, and 0 where the model is gone.",
            ["model"],
            "livemin",
        )
        self._refused = self._gauge(
            "refused_version",
            "The newest version on disk that was refused, in any worker; 0 for none.",
            ["model"],
            "livemax",
        )
        self._shares: dict[str, str] = {}
        self._before_reading: list[Callable[[], None]] = []
        self._refused_policy = self._gauge(
            "refused_policy",
            "1 where what a model's policy.toml says, in any worker, cannot be followed.",
            ["model"],
            "livemax",
        )
        self.cascades = CascadeMetrics(self.counter, self._gauge, self._end)
        self._told_dropped = 0
        self._variants: dict[tuple[str, str], VariantMetrics] = {}
        self._served: dict[str, set[str]] = {}
        self.outcome = cache(self._requests.labels)

    def variant(self, model: str, variant: str) -> VariantMetrics:
        """Return the series of a variant."""
        series = self._variants.get((model, variant))
        if series is None:
            series = self._variants[model, variant] = VariantMetrics(
                answered=self.outcome(model, variant, "200"),
                rows=self._rows.labels(model, variant),
                stages=[self._stages.labels(model, variant, stage) for stage in STAGES],
                request_seconds=self._request_seconds.labels(model, variant),
                inference_seconds=self._inference_seconds.labels(model, variant),
                batch_rows=self._batch_rows.labels(model, variant),
                choices=ChoiceMetrics(
                    by_reason=cache(partial(self._choices.labels, model, variant)),
                    expected=self._expected_seconds.labels(model, variant),
                    missed=self._missed.labels(model, variant),
                    ratio=self._ratio.labels(model, variant),
                ),
            )
        return series

    def share(self, name: str, of: str, labels: list[str]) -> ShareSeries:
        """Return the series of a live share, in words: what it is a share `of`."""
        self._shares[name] = f"{of}: the share, and the ends of its 95% interval, valid at every look."
        gauges = (
            self._gauge(f"{name}_trials", f"{of}: how many were counted.", labels, "livesum"),
            self._gauge(f"{name}_successes", f"{of}: what they add up to.", labels, "livesum"),
            self._gauge(f"{name}_alarm", f"{of}: 1 where the test rows said otherwise.", labels, "livemax"),
        )
        return ShareSeries(gauges, self._end)

    def counts(self) -> dict[str, list[Counts]]:
        """Return what all workers have counted of each live share, by its name."""
        names = [f"{name}_{part}" for name in self._shares for part in PARTS]
        families = {family.name: family for family in self._families(names)}
        return {name: list(counts_of(name, families)) for name in self._shares}

    def call_before_reading(self, hand_on: Callable[[], None]) -> None:
        """Have what was counted elsewhere handed on whenever somebody is to read it."""
        self._before_reading.append(hand_on)

    def announce_ready(self) -> None:
        """Announce that this worker answers requests."""
        self._ready.set(1)

    def serve(self, model: str, version: int, loaded: dict[str, bool]) -> None:
        """Announce the version of a model that serves, and which of its variants are loaded."""
        self._version.labels(model).set(version)
        for variant in self._served.get(model, set()) - loaded.keys():
            self._end(self._loaded, model, variant)
        self._served[model] = set(loaded)
        for variant, is_loaded in loaded.items():
            self._loaded.labels(model, variant).set(is_loaded)

    def forget(self, model: str) -> None:
        """Announce that there is no model of that name any more."""
        self.cascades.forget(model)
        for variant in self._served.pop(model, set()):
            self._end(self._loaded, model, variant)
        self._end(self._version, model)
        self._end(self._refused, model)
        self._end(self._refused_policy, model)

    def _end(self, gauge: Gauge, *labels: str) -> None:
        """End a series; where workers share it, the library cannot, and 0 says that there is nothing."""
        if self._workers is not None:
            gauge.labels(*labels).set(0)
        else:
            gauge.remove(*labels)

    def refuse(self, model: str, version: int) -> None:
        """Announce the newest version that was refused, 0 for none."""
        self._refused.labels(model).set(version)

    def refuse_policy(self, model: str, *, is_refused: bool) -> None:
        """Announce whether a model's policy cannot be followed."""
        self._refused_policy.labels(model).set(is_refused)

    async def hand_on_for_ever(self) -> None:
        """Let the other workers see, now and then, what this one has counted."""
        if self._workers is not None:
            self._workers.bury()  # it may be in the place of one that died
        while True:
            try:
                self._hand_on()
            except Exception:  # the edge of a background task: the disk may have room again the next time
                logger.exception("could not hand on what was counted")
            await asyncio.sleep(_HAND_ON_S)

    def exposition(self) -> bytes:
        """Return all series in Prometheus' text format; with several workers, summed over them."""
        return generate_latest(self._of_everyone())

    def samples(self, *names: str) -> Iterator[Sample]:
        """Yield each number of all series, or of those named; with several workers, summed over them."""
        for family in self._families(names):
            yield from (sample for sample in family.samples if not names or sample.name in names)

    def _of_everyone(self) -> CollectorRegistry:
        everyone = CollectorRegistry()
        everyone.register(_Collected(with_intervals(self._families(), self._shares)))
        return everyone

    def _families(self, names: Collection[str] = ()) -> Iterable[Metric]:
        """Return all series; with one worker only those named, if any are: to read all takes milliseconds."""
        self._hand_on()
        if self._workers is not None:
            return self._workers.families()
        return (self._registry.restricted_registry(names) if names else self._registry).collect()

    def _hand_on(self) -> None:
        self._waiting_rows.set(self._count_waiting_rows())
        dropped = self._count_dropped_lines()
        self._dropped_lines.inc(dropped - self._told_dropped)
        self._told_dropped = dropped
        for series in tuple(self._variants.values()):  # a thread may be adding one
            series.hand_on()
        for hand_on in self._before_reading:
            hand_on()
        self.cascades.hand_on()

    def counter(self, name: str, text: str, labels: list[str]) -> Counter:
        """Return a series, which somebody else may count."""
        return Counter(name, text, labels, registry=self._registry)

    def _histogram(
        self, name: str, text: str, labels: list[str], buckets: tuple[float, ...] = _SECONDS
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def _gauge(self, name: str, text: str, labels: list[str], merge: str) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode=merge)  # type: ignore[arg-type]


class _Collected:
    """Series that are there already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families
