"""Keeps whatever is measured and whatever loads it on cores of their own, where the system lets us."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class CoresError(Exception):
    """There are no two cores that programs can be bound to; the message says why."""


@dataclass(frozen=True)
class Cores:
    """The core of whatever is measured and that of the load; None where neither is bound to any."""

    server: int | None
    load: int | None


def choose() -> Cores:
    """Take the first two cores that this process may use, or none where it cannot choose."""
    try:
        return choose_two()
    except CoresError:
        return Cores(None, None)


def choose_two() -> Cores:
    """Take the first two cores that this process may use. Raise CoresError where there are no two."""
    if sys.platform != "linux":
        raise CoresError(f"this system is {sys.platform}; programs can be bound to a core on Linux only")
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise CoresError(f"this process may use {len(allowed)} core; the server and the load need one each")
    try:
        with bound_to(allowed[1]):
            return Cores(*allowed[:2])
    except OSError as error:
        raise CoresError(f"this process may not choose its core ({error.strerror})") from None


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
