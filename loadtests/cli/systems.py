"""Reads which systems are to be measured, and the numbers of their processes where those are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import psutil

from loadtests.errors import LoadTestError
from loadtests.protocol.dialects.system import System
from loadtests.workload.held_out import HeldOut


def systems_of(
    texts: Sequence[str], pids: Sequence[str], asked: HeldOut, variants: Sequence[str]
) -> tuple[System, ...]:
    """Read the systems, each with a name that no other and none of the `variants` has.

    `pids` are texts such as `triton=1234`. Raises LoadTestError.
    """
    systems = {one.name: one for one in (System.of(text, asked.labels) for text in texts)}
    names = Counter([*variants, *(text.partition("=")[0] for text in texts)])
    if twice := [name for name, count in names.items() if count > 1]:
        raise LoadTestError(f"{twice[0]!r} is the name of two that are to be measured; give each its own")
    for text in pids:
        name, _, number = text.partition("=")
        if name not in systems or not (number.isdecimal() and len(number) < 10):
            example = f"{next(iter(systems), 'a')}=1234"
            raise LoadTestError(f"--pid is {text!r}; give the name of a --system and a number, as {example}")
        if not psutil.pid_exists(int(number)):
            raise LoadTestError(f"--pid is {text!r}, and no process here has that number")
        systems[name] = replace(systems[name], pid=int(number))
    return tuple(systems.values())
