"""Processor time: what processes have used and waited for, and what else their cores did meanwhile."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

_OF_A_PROCESS = 2  # CPUCLOCK_SCHED: all threads, those that have ended too, to the nanosecond


def processor_s(pids: Sequence[int]) -> float | None:
    """Return the user and system time that these processes have used so far, in seconds.

    None where there are none, or one of them is gone. On Linux it is by the clock of another process, which
    costs a microsecond or two to read; elsewhere psutil tells it, in coarser steps.
    """
    try:
        return sum(map(_used_s, pids)) if pids else None
    except (OSError, psutil.Error):
        return None


def waited_s(pids: Sequence[int], root: Path = Path("/")) -> float | None:
    """Return how long the threads of these processes have been ready to run and had no core, in seconds.

    None where there are no processes, one of them is gone, or the system does not say. It costs about ten
    microseconds a thread. A thread that has ended takes its time with it. `root` is where `proc` is found.
    """
    try:
        return sum(map(_waited_ns, _threads(pids, root))) / 1e9 if pids else None
    except (OSError, ValueError, IndexError):
        return None


def between(before: float | None, after: float | None) -> float | None:
    """Return the seconds between two readings; None where one is not known."""
    return None if before is None or after is None else after - before


def total(seconds: Sequence[float | None]) -> float | None:
    """Return the sum; None where one is not known, or there are none."""
    known = [one for one in seconds if one is not None]
    return sum(known) if known and len(known) == len(seconds) else None


@dataclass(frozen=True)
class Reading:
    """What cores have done since the machine started, in seconds."""

    ran: float
    """Programs, in user and system mode."""
    interrupts: float
    stolen: float
    """Ready to run, while the hypervisor had the core run something else."""
    idle: float

    @classmethod
    def at(cls, cores: Collection[int] | None = None, root: Path = Path("/")) -> Self | None:
        """Reading at these cores, or all; None where the system does not say, or knows one of them not."""
        try:
            lines = (root / "proc/stat").read_text(encoding="ascii").splitlines()
            tick_s = 1.0 / os.sysconf("SC_CLK_TCK")
            wanted = {"cpu"} if cores is None else {f"cpu{core}" for core in cores}
            found = [line.split()[1:9] for line in lines if line.partition(" ")[0] in wanted]
            if not found or len(found) < len(wanted):
                return None
            user, nice, system, idle, disk, hard, soft, stolen = (
                sum(map(int, column)) * tick_s for column in zip(*found, strict=True)
            )
        except (OSError, ValueError, AttributeError):
            return None
        return cls(user + nice + system, hard + soft, stolen, idle + disk)


@dataclass(frozen=True)
class Sight:
    """What cores did between two looks, as shares of their time; None where it is not known."""

    stolen: float | None = None
    """By the hypervisor."""
    others: float | None = None
    """Other programs than ours: interrupts, many of them on our behalf, are not among it."""

    @classmethod
    def between(cls, first: Reading | None, last: Reading | None, ours_s: float | None) -> Self:
        """Compare two looks at the same cores; `ours_s` is what our processes on them used between the two.

        The system counts in steps of 10 ms: a share of less than a second is a rough one.
        """
        if first is None or last is None:
            return cls()
        ran, stolen = last.ran - first.ran, last.stolen - first.stolen
        total = ran + stolen + last.interrupts - first.interrupts + last.idle - first.idle
        if total <= 0:
            return cls()
        return cls(
            stolen=stolen / total,
            others=None if ours_s is None else max(ran - ours_s, 0.0) / total,
        )


def _used_s(pid: int) -> float:
    """Raises OSError or psutil.Error where there is no such process."""
    if sys.platform != "linux":
        used = psutil.Process(pid).cpu_times()
        return float(used.user + used.system)
    return time.clock_gettime(~pid << 3 | _OF_A_PROCESS)


def _threads(pids: Sequence[int], root: Path) -> Iterator[str]:
    """Yield the folder of each thread."""
    for pid in pids:
        with os.scandir(f"{root}/proc/{pid}/task") as threads:
            for thread in threads:
                yield thread.path


def _waited_ns(thread: str) -> int:
    """Raises OSError where the system does not say; a thread that ended meanwhile waited for nothing."""
    try:
        file = os.open(f"{thread}/schedstat", os.O_RDONLY)
    except FileNotFoundError:
        if Path(thread).exists():
            raise
        return 0
    try:
        return int(os.read(file, 100).split()[1])  # ran, waited, and in how many slices
    except ProcessLookupError:
        return 0
    finally:
        os.close(file)
