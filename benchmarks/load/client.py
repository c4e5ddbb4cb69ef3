"""Whoever loads a server, and what it must bring back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from benchmarks.errors import VoidRunError
from benchmarks.load.request import Request
from benchmarks.measure.sample import Sample, Subject
from loadtests.rig.cores import Bound
from loadtests.rig.processor import between

TIMEOUT_S = 20  # for one answer; one that takes longer is an error

_UNANSWERED = ("connect", "read", "write", "timeout")
_ERRORS = ("status", *_UNANSWERED)
_CPU_MAX = 0.9  # beyond it, the client is taken to have been the limit, as `loadtests` has it

Findings = Mapping[str, Any]
"""What a client found, named as wrk's script names it."""


class Client(ABC):
    """A closed loop on a core of its own: a connection sends its next request when it has the last answer.

    That is right for asking what a server can do at most, and says nothing of latency at a given rate.
    """

    is_wrk = False

    def __init__(self, core: Bound) -> None:
        self._core = core

    @property
    @abstractmethod
    def name(self) -> str:
        """What the report calls it: figures of two clients are not to be compared."""

    @abstractmethod
    def begun(
        self, host: str, request: Request, *, connections: int, seconds: float
    ) -> AbstractContextManager[Callable[[], Findings]]:
        """Begin to send `request` over and over for so many seconds, whatever is answered.

        What the block is given waits for the end, and returns what was found; it raises BenchmarkError
        where the client fails. To leave the block is to end the load.
        """

    def load(self, host: str, request: Request, *, connections: int, seconds: float) -> Sample:
        """Send `request` over and over for so many seconds.

        Raises VoidRunError where an answer was no success, and BenchmarkError where the client fails.
        """
        with self.begun(host, request, connections=connections, seconds=seconds) as found:
            return sample_of(found())

    def on(
        self,
        host: str,
        request: Request,
        *,
        connections: int,
        processor_s: Callable[[], float] | None = None,
    ) -> Subject:
        """Return what measures a server under this request; `processor_s` tells what it has used so far."""

        def subject(seconds: float) -> Sample:
            before = None if processor_s is None else processor_s()
            sample = self.load(host, request, connections=connections, seconds=seconds)
            after = None if processor_s is None else processor_s()
            return replace(sample, server_s=between(before, after))

        return subject


def unanswered(found: Findings) -> int:
    """Return how many requests got no answer in time, whatever others were answered."""
    return sum(found[name] for name in _UNANSWERED)


def sample_of(found: Findings) -> Sample:
    """Read what a client found. Raise VoidRunError where its figures would be about something else.

    That is where an answer was no success, where none came, and where the client had no time to spare.
    """
    errors = {name: found[name] for name in _ERRORS if found[name]}
    if errors:
        listed = ", ".join(f"{count} {name}" for name, count in errors.items())
        raise VoidRunError(f"not every answer was 2xx: {found['requests']} requests, errors: {listed}")
    if found["requests"] == 0:
        raise VoidRunError("not one request was answered")
    cpu = found.get("cpu")
    if cpu is not None and cpu > _CPU_MAX:
        raise VoidRunError(
            f"the client used {cpu:.0%} of its core, so that the figures are its own; wrk takes less"
        )
    return Sample(found["requests"], found["duration_us"] / 1e6, found["p50_us"], found["p99_us"], cpu)
