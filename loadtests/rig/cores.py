"""Keeps the service and the load generator on cores of their own, where the system lets us."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Cores:
    """The core of the service and that of the generator; None where neither is bound to any."""

    service: int | None
    generator: int | None


def choose() -> Cores:
    """Take the first two cores that this process may use, unless a container forbids to choose."""
    if sys.platform != "linux":
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return Cores(None, None)
    try:
        with bound_to(allowed[1]):
            return Cores(allowed[0], allowed[1])
    except OSError:
        return Cores(None, None)


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
