"""A process and all that it has started, which end together."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

_GRACE_S = 10.0  # that what was killed may take to be gone
_POLL_S = 0.01


class Family:
    """A process that leads a session of its own, its descendants, and what of its session outlives it."""

    def __init__(self, number: int) -> None:
        """Raises psutil.NoSuchProcess where there is none of this number."""
        self._leader = psutil.Process(number)  # which, unlike its number, is never another's

    def members(self) -> set[psutil.Process]:
        """Return those there are, those that have ended and are not buried yet among them."""
        own = self._leader.pid
        family = set()
        for number in psutil.pids():
            if _session(number) == own:
                with suppress(psutil.NoSuchProcess):
                    family.add(psutil.Process(number))
        # A number is free again once nothing of its session is left, and may be another's by now.
        if any(process.pid == own and process != self._leader for process in family):
            return set()
        with suppress(psutil.NoSuchProcess):
            family.update(self._leader.children(recursive=True))
        return family


class Watched:
    """A process that somebody else has started, with all that it has started."""

    def __init__(self, number: int) -> None:
        self._first: psutil.Process | None = None
        with suppress(psutil.NoSuchProcess):
            self._first = psutil.Process(number)

    def members(self) -> set[psutil.Process]:
        """Return those that there are; none once the first has ended."""
        with suppress(psutil.NoSuchProcess):
            return {self._first, *self._first.children(recursive=True)} if self._first else set()
        return set()


def pids_of(processes: Iterable[psutil.Process]) -> tuple[int, ...]:
    """Return the numbers of those that run."""
    return tuple(sorted(process.pid for process in processes if is_running(process)))


def resident_bytes_of(processes: Iterable[psutil.Process]) -> int | None:
    """Return the resident memory of all together; None once all have ended."""
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total or None


def end(processes: Iterable[psutil.Process]) -> None:
    """Kill them, and return when none runs; one that nobody buries, as without an init, counts as gone."""
    doomed = set(processes)
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.kill()  # psutil knows a process from a later one that got its number
    deadline = time.monotonic() + _GRACE_S
    while any(map(is_running, doomed)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def is_running(process: psutil.Process) -> bool:
    """Tell whether it runs, and is not only waiting to be buried."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _session(number: int) -> int | None:
    try:
        return os.getsid(number)
    except OSError:
        return None  # it has ended, or is not ours to ask about
