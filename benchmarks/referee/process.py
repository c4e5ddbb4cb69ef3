"""LoadGen as a process: asked for one rate at a time, it says whether the run was valid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.errors import ProcessError, VoidRunError
from benchmarks.peers.environment import python_with
from loadtests.rig.child import Child
from loadtests.rig.cores import Bound

PACKAGES = ("mlcommons-loadgen==6.0.17",)

_CPU_MAX = 0.9  # beyond it, the client is taken to have been the limit


@dataclass(frozen=True)
class Verdict:
    """What LoadGen found in one run."""

    rate: float
    """Requests a second that were asked for."""
    is_valid: bool
    queries: int
    late: int
    p99_ms: float
    failed: int
    """How many were not answered 200, which LoadGen does not know."""
    cpu: float
    """Share of its core that LoadGen and its client used."""

    @property
    def holds(self) -> bool:
        """Whether the rate was held. Raises VoidRunError where it may have been the client that did not."""
        holds = self.is_valid and not self.failed
        if not holds and self.cpu > _CPU_MAX:
            raise VoidRunError(
                f"LoadGen and its client used {self.cpu:.0%} of their core at {self.rate:,.0f} requests/s"
            )
        return holds


class LoadGen:
    """The program that runs."""

    def __init__(self, child: Child, *, seconds: float, queries: int, late_ms: float) -> None:
        self._child = child
        self._same = {"seconds": seconds, "queries": queries, "late_ms": late_ms}

    def at_rate(self, rate: float, seed: int) -> Verdict:
        """Send at a rate. Raises ProcessError where the program ends."""
        line = self._child.ask(json.dumps(self._same | {"rate": rate, "seed": seed}))
        if not line:
            raise ProcessError(f"LoadGen ended:\n{self._child.tail()}")
        return Verdict(rate, **json.loads(line))


@contextmanager
def loadgen(
    host: str,
    requests: Sequence[bytes],
    *,
    folder: Path,
    core: Bound,
    seconds: float,
    queries: int,
    late_ms: float,
) -> Iterator[LoadGen]:
    """Start it. `requests` are whole, as they go over a connection; LoadGen draws from them.

    An answer is late after `late_ms`; a run goes on for so many `seconds`, and until so many `queries` have
    been issued. Raises BenchmarkError where its environment cannot be built.
    """
    python = python_with("loadgen", PACKAGES)
    folder.mkdir()
    file = folder / "requests.json"
    file.write_text(json.dumps([one.decode() for one in requests]), encoding="utf-8")
    address = urlsplit(host)
    told = (address.hostname, address.port, file, folder)
    command = [str(python), "-m", "benchmarks.referee.loadgen", *map(str, told)]
    with Child(command, log=folder / "log", core=core, talks=True) as child:
        yield LoadGen(child, seconds=seconds, queries=queries, late_ms=late_ms)
