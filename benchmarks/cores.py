"""Keeps what is measured on one core, and the load on another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.errors import BenchmarkError


@dataclass(frozen=True)
class Cores:
    """The core of whatever is measured, and that of the load."""

    server: int
    load: int


def choose() -> Cores:
    """Take the first two cores that this process may use. Raise BenchmarkError where there are no two."""
    if sys.platform != "linux":
        raise BenchmarkError(f"this system is {sys.platform}; programs can be bound to a core on Linux only")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise BenchmarkError(
            f"this process may use {len(allowed)} core; the server and the load need one each"
        )
    return Cores(*allowed[:2])


@contextmanager
def bound_to(core: int) -> Iterator[None]:
    """Run on one core; a program started meanwhile inherits it, from its first instruction on."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
