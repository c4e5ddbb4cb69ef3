"""Which processor this is, and how many of its cores this process may use: often not all that it has."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def usable(root: Path = Path("/")) -> float:
    """Return how many cores there are for this process: those it is bound to, or its control group's quota.

    `root` is where `proc` and `sys` are found. A quota may be of one core and a half.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([bound, *_quotas(root)])


def model(root: Path = Path("/")) -> str:
    """Name the processor, as `AMD EPYC 7763 64-Core Processor`; `root` is where `proc` is found."""
    lines = _text(root / "proc/cpuinfo").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _quotas(root: Path) -> Iterator[float]:
    """Yield each quota, in cores, that is set for the group of this process or for one that holds it."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        hierarchy, controllers, group = line.split(":", 2)
        is_second_version = hierarchy == "0" and not controllers
        if not is_second_version and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controllers
        # Inside a container, the path may be that outside of it: then only the root is there.
        for path in (PurePosixPath(group), *PurePosixPath(group).parents):
            folder = mount / path.relative_to("/")
            quota = _text(folder / "cpu.max") if is_second_version else _first_version(folder)
            match quota.split():
                case [most, period] if most.isdecimal() and period.isdecimal() and int(period):
                    yield int(most) / int(period)


def _first_version(folder: Path) -> str:
    return (
        f"{_text(folder / 'cpu.cfs_quota_us')} {_text(folder / 'cpu.cfs_period_us')}"  # -1 where none is set
    )


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, ValueError):
        return ""
