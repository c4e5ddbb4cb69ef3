"""Which cores there are for whatever is measured and whatever loads it, and how each keeps to its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import bundle.cores
from loadtests.errors import LoadTestError

Bound: TypeAlias = int | tuple[int, ...] | None
"""The core, or the cores, that a program keeps to; None where it may take any."""

_SIBLINGS = ("core_cpus_list", "thread_siblings_list")  # as Linux calls it since 5.4, and before


@dataclass(frozen=True)
class Cores:
    """The cores of whatever is measured and the core of the load; None where they are bound to none."""

    server: tuple[int, ...] | None
    load: int | None
    workers: int = 1
    """Processes that whatever is measured has: one for each of its cores."""
    shared: bool = False
    """The two have one core between them, for there are no two."""
    siblings: bool = False
    """Some of them are threads of one physical core."""

    @property
    def own(self) -> dict[str, list[int] | None]:
        """The cores that service and generator each have for their own; None where there are none."""
        if self.shared:
            return {"service": None, "generator": None}
        return {
            "service": None if self.server is None else list(self.server),
            "generator": None if self.load is None else [self.load],
        }

    @property
    def caveat(self) -> str | None:
        """What a reader of the figures must know of the cores, in sentences; None where there is nothing."""
        said = []
        if self.shared:
            said.append(
                "Service and load generator share one core, for this process may not use two: throughput and "
                "latency are those of both together, and only processor time is of the service alone."
            )
        if self.siblings:
            said.append(
                "Cores that the service and the load generator run on are threads of one physical core: what "
                "one does slows the other down."
            )
        if self.workers > 1:
            said.append(
                "A connection stays with the worker that took it in, and one worker may have most of them: "
                "throughput may be that of fewer cores; what a row costs is not concerned."
            )
        return " ".join(said) or None

    def in_words(self) -> str:
        """Say who runs where, in a sentence or two."""
        if self.shared or self.server is None:
            where = "" if self.shared else "Services and load generator are not kept on cores of their own."
        elif len(self.server) == 1:
            where = f"Services run on core {self.server[0]}, the load generator on {self.load}."
        else:
            named = ", ".join(map(str, self.server))
            where = f"Services run on cores {named}, a worker for each, the load generator on {self.load}."
        return " ".join(filter(None, [where, self.caveat]))


def usable() -> int:
    """Return how many whole cores this process may use, at least 1."""
    return max(1, int(bundle.cores.usable()))


def choose(service_cores: int = 1, root: Path = Path("/")) -> Cores:
    """Take so many cores for whatever is measured and another for the load, of those this process may use.

    They are of different physical cores, as far as there are and the system says. One core, or a quota of
    less than two, is shared. None is chosen where none can be. `root` is where `proc` and `sys` are found.
    Raises LoadTestError where there are too few for more than one.
    """
    there = bundle.cores.usable(root)
    if service_cores > 1 and there < service_cores + 1:
        raise LoadTestError(
            f"--service-cores is {service_cores}, which takes {service_cores + 1} cores with the load "
            f"generator's, and this process may use {there:g}"
        )
    neither = Cores(None, None, service_cores, shared=there < 2)
    if sys.platform != "linux":
        return neither
    physical = {core: _physical(core, root) for core in sorted(os.sched_getaffinity(0))}
    if len(physical) < 2:
        return neither
    taken = _apart(physical)[: service_cores + 1]
    # Two that run at once would use up a quota before its period is over, and both be halted until the next.
    server, load = ((taken[0],), taken[0]) if there < 2 else (tuple(taken[:-1]), taken[-1])
    used = {*server, load}
    try:
        with bound_to(tuple(used)):
            is_crowded = len({physical[core] for core in used}) < len(used)
            return Cores(server, load, service_cores, shared=there < 2, siblings=is_crowded)
    except OSError:  # a container may forbid it
        return neither


@contextmanager
def bound_to(cores: Bound) -> Iterator[None]:
    """Run on one core or some; a process started meanwhile inherits it, from its first instruction on."""
    if cores is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores} if isinstance(cores, int) else cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _physical(core: int, root: Path) -> str:
    """Name the physical core that a core is a thread of; itself where the system does not say."""
    folder = root / f"sys/devices/system/cpu/cpu{core}/topology"
    for name in _SIBLINGS:
        try:
            return (folder / name).read_text(encoding="ascii").strip() or str(core)
        except (OSError, ValueError):
            continue
    return str(core)


def _apart(physical: dict[int, str]) -> Sequence[int]:
    """Return the cores with the first thread of every physical one before the second of any."""
    names = list(physical.values())
    earlier = [names[:index].count(name) for index, name in enumerate(names)]
    return [core for _, core in sorted(zip(earlier, physical, strict=True))]
