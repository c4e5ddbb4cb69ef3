"""Which cores there are for whatever is measured and whatever loads it, and how each keeps to its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from pathlib import Path, PurePosixPath

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Cores:
    """The core of whatever is measured and that of the load; None where neither is bound to any."""

    server: int | None
    load: int | None


def usable(cgroups: Path = _CGROUPS, own_cgroups: Path = _OWN_CGROUPS) -> int:
    """Return how many whole cores this process may use, at least 1.

    The machine may have more: `taskset`, and a container's set of cores, leave a process some of them, and a
    container's quota so much of their time as so many cores have.
    """
    if sys.platform == "linux":
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    return max(1, int(min(allowed, _quota(cgroups, own_cgroups))))


def choose() -> Cores:
    """Take the first two cores that this process may use, or none where there are no two to choose from."""
    neither = Cores(None, None)
    if sys.platform != "linux":
        return neither
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return neither
    try:
        with bound_to(allowed[1]):
            return Cores(*allowed[:2])
    except OSError:  # a container may forbid it
        return neither


@contextmanager
def bound_to(core: int | None) -> Iterator[None]:
    """Run on one core; a process started meanwhile inherits it, from its first instruction on."""
    if core is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _quota(cgroups: Path, own_cgroups: Path) -> float:
    """Return the time that this process may have, in cores: the least that a group it is in allows.

    Both of Linux's ways are read, `cpu.max` of version 2 and the two files of version 1; infinite where there
    is no bound. Inside a container the groups that it sees begin with its own.
    """
    least = inf
    with suppress(OSError):
        for line in own_cgroups.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            root = cgroups / controllers if controllers else cgroups
            names = PurePosixPath(path).parts[1:]
            for folder in accumulate(names, Path.joinpath, initial=root):
                least = min(least, _share(folder))
    return least


def _share(group: Path) -> float:
    """Return the cores that a group's own bound comes to."""
    for files in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        with suppress(OSError, ValueError, IndexError):
            words = " ".join((group / file).read_text(encoding="ascii") for file in files).split()
            quota, period = float(words[0]), float(words[1])  # a ValueError where it says "max"
            return quota / period if quota > 0 < period else inf
    return inf
