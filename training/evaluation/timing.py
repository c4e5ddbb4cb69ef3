"""Times variants here and now, in turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np

from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime

TIMED_BATCHES = (1, 32)

_WARM_UP_CALLS = 3
_TURN_S = 0.01  # a variant's turn, before the next one is timed


def time_runtimes(
    runtimes: Mapping[str, Runtime],
    x: FloatArray,
    *,
    batches: Sequence[int] = TIMED_BATCHES,
    budget_s: float = 0.15,
) -> dict[str, dict[int, float]]:
    """Return microseconds a row, by variant and batch size: medians of about `budget_s` of calls each."""
    times: dict[str, dict[int, float]] = {name: {} for name in runtimes}
    for batch in batches:
        rows = np.resize(x, (batch, x.shape[1]))
        calls = {name: partial(runtime.predict, rows) for name, runtime in runtimes.items()}
        for name, seconds in interleave(calls, budget_s=budget_s).items():
            times[name][batch] = median(seconds) * 1e6 / batch
    return times


def interleave(
    calls: Mapping[str, Callable[[], object]],
    *,
    budget_s: float,
    turn_s: float = _TURN_S,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, list[float]]:
    """Time each call again and again, in turns, until it has used its budget; at least three times each."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(_WARM_UP_CALLS):
            call()
    running = dict(calls)
    while running:
        for name, call in list(running.items()):
            turn_ends = clock() + turn_s
            while True:
                start = clock()
                call()
                end = clock()
                seconds[name].append(end - start)
                if end >= turn_ends:
                    break
            if len(seconds[name]) >= 3 and sum(seconds[name]) >= budget_s:
                del running[name]
    return seconds
