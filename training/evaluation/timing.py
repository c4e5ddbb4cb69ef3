"""Times variants here and now, in short turns, so that whatever else the machine does hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np

from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from evidence.estimate import Estimate
from evidence.trimmed import trimmed_level, trimmed_ratio

TIMED_BATCHES = (1, 32)

_WARM_UP_CALLS = 3
_TURN_S = 0.01  # a variant's turn, before the next one is timed
_ROUNDS_MIN = 7  # of fewer, an interval is too wide to tell anything


@dataclass(frozen=True)
class Timing:
    """What a row took a variant, in microseconds: the median call of its turn in each round."""

    rounds: tuple[float, ...]

    @property
    def row_us(self) -> Estimate:
        """The trimmed geometric mean over the rounds, with its 95% interval."""
        return trimmed_level(self.rounds)

    def ratio_to(self, other: Timing) -> Estimate:
        """Return how many times as long a row took as with another in the same rounds."""
        return trimmed_ratio(self.rounds, other.rounds)


Timings = Mapping[int, Timing]
"""Of one variant, by the rows in a call."""


def time_runtimes(
    runtimes: Mapping[str, Runtime],
    x: FloatArray,
    *,
    batches: Sequence[int] = TIMED_BATCHES,
    budget_s: float = 0.15,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, Timings]:
    """Time rows of `x`, by variant and batch size, in about `budget_s` of calls each."""
    times: dict[str, dict[int, Timing]] = {name: {} for name in runtimes}
    for batch in batches:
        rows = np.resize(x, (batch, x.shape[1]))
        calls = {name: partial(runtime.predict, rows) for name, runtime in runtimes.items()}
        for name, seconds in interleave(calls, budget_s=budget_s, clock=clock).items():
            times[name][batch] = Timing(tuple(each * 1e6 / batch for each in seconds))
    return dict(times)


def interleave(
    calls: Mapping[str, Callable[[], object]],
    *,
    budget_s: float,
    turn_s: float = _TURN_S,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, list[float]]:
    """Return the seconds of each call's median in its turn of every round, of about `budget_s` in all.

    A round is a turn of every call, in an order that is drawn anew; what has used its budget takes no part in
    those that follow.
    """
    random = np.random.default_rng(0)
    medians: dict[str, list[float]] = {name: [] for name in calls}
    spent = dict.fromkeys(calls, 0.0)
    for call in calls.values():
        for _ in range(_WARM_UP_CALLS):
            call()
    running = list(calls)
    while running:
        for place in random.permutation(len(running)):
            name = running[place]
            turn = _turn(calls[name], turn_s, clock)
            medians[name].append(median(turn))
            spent[name] += sum(turn)
        running = [n for n in running if spent[n] < budget_s or len(medians[n]) < _ROUNDS_MIN]
    return medians


def _turn(call: Callable[[], object], turn_s: float, clock: Callable[[], float]) -> list[float]:
    """Call again and again until the turn is over, at least once; return the seconds of each."""
    seconds = []
    ends = clock() + turn_s
    while True:
        start = clock()
        call()
        end = clock()
        seconds.append(end - start)
        if end >= ends:
            return seconds
