"""Which cores there are for whatever is measured and whatever loads it, and how each keeps to its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import bundle.cores


@dataclass(frozen=True)
class Cores:
    """The core of whatever is measured and that of the load; None where neither is bound to any."""

    server: int | None
    load: int | None


def usable() -> int:
    """Return how many whole cores this process may use, at least 1."""
    return max(1, int(bundle.cores.usable()))


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
