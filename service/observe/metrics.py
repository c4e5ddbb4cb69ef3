"""What Prometheus sees. Labels come from the models on disk, never from a client."""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

MULTIPROCESS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client reads it when it is imported

_SECONDS = (1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 5.0)
_HAND_ON_S = 0.2
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128)


STAGES = ("decode", "wait", "infer", "encode")


class _Tally:
    """Counts for a histogram in plain numbers: a fifth of what its own `observe` costs."""

    def __init__(self, histogram: Histogram, bounds: tuple[float, ...]) -> None:
        self._histogram = histogram
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def hand_on(self) -> None:
        # The library has no public way to add many observations at once.
        for bucket, count in zip(self._histogram._buckets, self._counts, strict=True):  # noqa: SLF001
            if count:
                bucket.inc(count)
        self._histogram._sum.inc(self._sum)  # noqa: SLF001
        self._counts = [0] * len(self._counts)
        self._sum = 0.0


class VariantMetrics:
    """The series of one variant.

    Prometheus' own counters cost more than a small model does. So answers are added up here, in plain
    numbers, and handed on when somebody asks, or now and then, for another worker to see.
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
    ) -> None:
        self._counters = (answered, rows, *stages)
        self._sums = [0.0] * len(self._counters)
        self._request_seconds = _Tally(request_seconds, _SECONDS)
        self._inference_seconds = _Tally(inference_seconds, _SECONDS)
        self._batch_rows = _Tally(batch_rows, _ROWS)

    def observe_answer(
        self, rows: int, took_s: float, decode_s: float, wait_s: float, infer_s: float, encode_s: float
    ) -> None:
        """Count one answered request, and the time that it spent in each stage."""
        self._request_seconds.observe(took_s)
        sums = self._sums
        sums[0] += 1
        sums[1] += rows
        sums[2] += decode_s
        sums[3] += wait_s
        sums[4] += infer_s
        sums[5] += encode_s

    def observe_call(self, rows: int, took_s: float) -> None:
        """Count one call of the runtime, whatever requests shared it."""
        self._inference_seconds.observe(took_s)
        self._batch_rows.observe(rows)

    def hand_on(self) -> None:
        """Give what was added up to Prometheus' counters."""
        for tally in (self._request_seconds, self._inference_seconds, self._batch_rows):
            tally.hand_on()
        for index, counter in enumerate(self._counters):
            counter.inc(self._sums[index])
            self._sums[index] = 0.0


class Metrics:
    """The service's own registry, so that two applications in one process do not share their counts."""

    def __init__(self, waiting_rows: Callable[[], int]) -> None:
        self._count_waiting_rows = waiting_rows
        self._registry = CollectorRegistry()
        target = ["model", "variant"]
        self._requests = self._counter(
            "requests",
            "Requests to /predict by outcome: the status answered, or 'disconnected'. "
            "Model and variant are empty where the request named none that there is.",
            [*target, "outcome"],
        )
        self._rows = self._counter("rows", "Rows answered.", target)
        self._stages = self._counter(
            "stage_seconds",
            "Time that answered requests spent in each stage; over requests_total it is the mean.",
            [*target, "stage"],
        )
        self._request_seconds = self._histogram(
            "request_seconds", "Time from a request's headers to its answer, answered requests only.", target
        )
        self._inference_seconds = self._histogram(
            "inference_seconds", "Duration of a call of the runtime, normalising included.", target
        )
        self._batch_rows = self._histogram("batch_rows", "Rows in a call of the runtime.", target, _ROWS)
        self._waiting_rows = self._gauge("waiting_rows", "Rows admitted and not yet answered.", [], "livesum")
        self._loaded = self._gauge(
            "variant_loaded", "1 where the variant is loaded, self-tested and warm.", target, "livemin"
        )
        self._version = self._gauge("model_version", "The version that serves.", ["model"], "livemin")
        self._refused = self._gauge(
            "refused_version",
            "The newest version on disk that was refused, 0 for none.",
            ["model"],
            "livemax",
        )
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
            )
        return series

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
        for variant in self._served.pop(model, set()):
            self._end(self._loaded, model, variant)
        self._end(self._version, model)
        self._end(self._refused, model)

    def _end(self, gauge: Gauge, *labels: str) -> None:
        """End a series; where workers share it, the library cannot, and 0 says that there is nothing."""
        if self.are_shared:
            gauge.labels(*labels).set(0)
        else:
            gauge.remove(*labels)

    def refuse(self, model: str, version: int) -> None:
        """Announce the newest version that was refused, 0 for none."""
        self._refused.labels(model).set(version)

    @property
    def are_shared(self) -> bool:
        """Whether several workers answer with the sums of all."""
        return MULTIPROCESS_VARIABLE in os.environ

    async def hand_on_for_ever(self) -> None:
        """Let the other workers see, now and then, what this one has counted."""
        while True:
            self._hand_on()
            await asyncio.sleep(_HAND_ON_S)

    def exposition(self) -> bytes:
        """Return all series in Prometheus' text format; with several workers, summed over them."""
        self._hand_on()
        if not self.are_shared:
            return generate_latest(self._registry)
        _forget_dead_workers(Path(os.environ[MULTIPROCESS_VARIABLE]))
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)

    def _hand_on(self) -> None:
        self._waiting_rows.set(self._count_waiting_rows())
        for series in tuple(self._variants.values()):  # a thread may be adding one
            series.hand_on()

    def _counter(self, name: str, text: str, labels: list[str]) -> Counter:
        return Counter(name, text, labels, registry=self._registry)

    def _histogram(
        self, name: str, text: str, labels: list[str], buckets: tuple[float, ...] = _SECONDS
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self._registry)

    def _gauge(self, name: str, text: str, labels: list[str], merge: str) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry, multiprocess_mode=merge)  # type: ignore[arg-type]


def _forget_dead_workers(folder: Path) -> None:
    """Remove the gauges of workers that were killed: nothing waits there, and nothing is loaded, any more."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            with suppress(FileNotFoundError):  # another worker was quicker
                mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
