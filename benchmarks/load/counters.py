"""What a service counts of its own answers, read again and again while something loads it."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from time import perf_counter

import httpx
import numpy as np
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.errors import ProcessError

_SERIES = "requests_total"
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Answers:
    """How many answers of each kind there were, in all or a second."""

    served: float
    """With 200."""
    refused: float
    """With 503: more than the service can do."""
    failed: float
    """With anything else."""
    processor_s: float = 0.0
    """Processor time that the server has used."""


@dataclass
class Readings:
    """What was counted so far, at moments of `perf_counter`."""

    at: list[float] = field(default_factory=list)
    counted: list[Answers] = field(default_factory=list)

    def per_s(self, start: float, end: float) -> Answers:
        """Return the answers a second, between the first and the last reading within two moments.

        Where there are no two, as of a server that hardly answers, they came evenly between those around.
        """
        within = [at for at in self.at if start <= at <= end]
        if len(within) > 1:
            start, end = within[0], within[-1]

        def rate(counts: Sequence[float]) -> float:
            first, last = np.interp([start, end], self.at, counts)
            return float(last - first) / (end - start)

        kinds = zip(*(astuple(one) for one in self.counted), strict=True)
        return Answers(*map(rate, kinds))


@contextmanager
def reading(host: str, processor_s: Callable[[], float], *, pause_s: float) -> Iterator[Readings]:
    """Read the counters from now on until the block is left, over one connection, and what is used with them.

    Raises ProcessError where they cannot be read.
    """
    readings = Readings()
    over = threading.Event()
    errors: list[Exception] = []

    def read() -> None:
        try:
            while not over.wait(pause_s):
                _read(client, processor_s, readings)
            _read(client, processor_s, readings)
        except Exception as error:  # the edge of the thread: rates of what was not read would be wrong
            errors.append(error)

    with httpx.Client(base_url=host, timeout=_TIMEOUT_S, trust_env=False) as client:
        try:
            _read(client, processor_s, readings)
        except httpx.HTTPError as error:
            raise _unread(error) from error
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            yield readings
        finally:
            over.set()
            thread.join()
    if errors:
        raise _unread(errors[0])


def answers_in(text: str) -> Answers:
    """Add up what a page of metrics says, whatever model and variant it is of.

    A request whose client has gone is none: at the end of a load every connection is closed under one.
    """
    counts: defaultdict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == _SERIES:
                counts[sample.labels["outcome"]] += sample.value
    served, refused = counts.pop("200", 0), counts.pop("503", 0)
    counts.pop("disconnected", None)
    return Answers(served, refused, sum(counts.values()))


def _read(client: httpx.Client, processor_s: Callable[[], float], readings: Readings) -> None:
    answer = client.get("/metrics").raise_for_status()
    readings.at.append(perf_counter())
    readings.counted.append(replace(answers_in(answer.text), processor_s=processor_s()))


def _unread(error: Exception) -> ProcessError:
    return ProcessError(f"the metrics could not be read: {error!r}")
