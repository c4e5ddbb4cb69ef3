"""Calls a model in a loop for as long as it is told, a line at a time, and tells how long the calls took."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from time import perf_counter, process_time

from benchmarks.measure.sample import Sample

_CALLS_AT_MOST = 2**20  # a sample keeps each call's duration


def time_calls(call: Callable[[], object], seconds: float) -> Sample:
    """Call it for so many seconds, and twice at the least."""
    durations: list[float] = []
    used = process_time()
    start = last = perf_counter()
    while len(durations) < 2 or (last - start < seconds and len(durations) < _CALLS_AT_MOST):
        call()
        now = perf_counter()
        durations.append(now - last)
        last = now
    return replace(Sample.of(durations, last - start), server_s=process_time() - used)


def answer_lines(call: Callable[[], object]) -> None:
    """Read a number of seconds a line on stdin, and answer each with a sample."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(asdict(time_calls(call, float(line)))) + "\n")
        sys.stdout.flush()
