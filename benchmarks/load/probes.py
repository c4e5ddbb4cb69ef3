"""Probes of whether a server is alive, sent while something else goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from benchmarks.errors import ProcessError
from benchmarks.load.prober import TIMEOUT_S
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound

PATH = "/health/live"

_SLACK_S = 30.0


@dataclass(frozen=True)
class Probe:
    """One of them, between two moments of `perf_counter`."""

    begun: float
    ended: float
    is_answered: bool


@dataclass
class Probes:
    """What became of each probe."""

    all: list[Probe] = field(default_factory=list)

    def between(self, start: float, end: float) -> Self:
        """Return those that waited at any time between these moments."""
        return type(self)([one for one in self.all if one.begun < end and one.ended > start])

    @property
    def took_ms(self) -> list[float]:
        """How long those took that were answered 200."""
        return [1e3 * (one.ended - one.begun) for one in self.all if one.is_answered]

    @property
    def failed(self) -> int:
        return sum(not one.is_answered for one in self.all)


class Prober:
    """A process that probes when it is asked to."""

    def __init__(self, child: Child) -> None:
        self._child = child

    @contextmanager
    def probing(self) -> Iterator[Probes]:
        """Probe until the block is left; only then the probes are known.

        Raises ProcessError where the process has ended.
        """
        probes = Probes()
        self._say()
        try:
            yield probes
        finally:
            self._say()
            line = self._child.hear(TIMEOUT_S + _SLACK_S)
        if not line:
            raise ProcessError(f"the prober brought no result:\n{self._child.tail()}")
        probes.all += [Probe(*one) for one in json.loads(line)]

    def _say(self) -> None:
        with suppress(OSError):  # it has ended, and is not heard either
            self._child.tell("")


@contextmanager
def prober(host: str, *, path: str = PATH, log: Path, core: Bound) -> Iterator[Prober]:
    """Start the process that probes `host`, an address such as http://127.0.0.1:8000."""
    address = urlsplit(host)
    command = program("benchmarks.load.prober", str(address.hostname), str(address.port), path)
    with Child(command, log=log, core=core, talks=True) as child:
        yield Prober(child)
