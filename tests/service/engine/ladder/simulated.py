"""A service in simulated time: the chooser, the costs and the bounds are real, the rest is arithmetic.

As in the batcher, a turn of the event loop reads what has arrived, and then makes calls of what waits, for as
long as it has read. What arrives meanwhile is unread, and nobody knows of it.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from service.engine.admission import Admission
from service.engine.choice import Chooser, MakeChooser, Option
from service.engine.cost import Cost
from service.engine.lag import Lag
from service.engine.policy import Policy
from service.errors import RequestError
from service.wire.target import Target
from service.wire.wish import Wish
from tests.service.engine.options import Unasked

_ROAD_US = 150.0  # to read a request and to write its answer


@dataclass(frozen=True)
class Rung:
    """A variant: what it is right in, and what a row takes."""

    name: str
    accuracy: float
    row_us: float


@dataclass
class Served:
    """What became of a request."""

    at: float
    variant: str | None
    """None where it was refused."""
    took_s: float = 0.0


@dataclass
class _Waiting:
    at: float
    rows: int
    expected_us: float
    served: Served


class Simulated(Unasked):
    """A runner whose calls take the event loop's time, or the time of one thread."""

    def __init__(self, world: World, rung: Rung) -> None:
        self.calls = 0
        self.rung = rung
        self.cost = Cost(5.0, rung.row_us)
        self.inline_rows = self.cost.rows_within(world.inline_us)
        self.world = world
        self.queue: deque[_Waiting] = deque()
        self.busy_since: float | None = None

    @property
    def longest_us(self) -> float:
        return self.world.admission.max_us

    def least_us(self, rows: int) -> float:
        return self.cost.least_us(rows)

    def cost_us(self, rows: int) -> float:
        return self.cost.high_us(rows)

    def waiting_us(self, rows: int) -> float:
        waiting_us = self.world.admission.waiting_us(inline=rows <= self.inline_rows)
        return waiting_us + self.world.lag.us(self.world.now)

    def forget(self, quiet_s: float) -> None:
        self.cost.forget(quiet_s)

    def take(self, rows: int, served: Served) -> None:
        """Queue a request. Raises OverloadedError."""
        inline = rows <= self.inline_rows
        expected_us = self.cost.added_us(rows, most=max(rows, self.inline_rows), is_first=not self.queue)
        self.world.admission.admit(rows, expected_us, inline=inline)
        self.queue.append(_Waiting(self.world.now, rows, expected_us, served))

    def call_s(self, random_: random.Random) -> tuple[list[_Waiting], float]:
        """Take what goes into one call; return it, and for how long the call goes on."""
        batch = [self.queue.popleft()]
        rows = batch[0].rows
        while self.queue and (rows := rows + self.queue[0].rows) <= self.inline_rows:
            batch.append(self.queue.popleft())
        rows = sum(one.rows for one in batch)
        us = self.cost.least_us(rows) * random_.lognormvariate(0.05, 0.1)
        if random_.random() < 0.002:
            us += 3000.0  # another process had the core
        self.calls += 1
        end = self.world.now + us / 1e6
        self.cost.learn(rows, (end - (self.busy_since or self.world.now)) * 1e6)
        self.busy_since = end if self.queue else None
        return batch, us / 1e6


@dataclass
class World:
    """The clock, and what all variants share."""

    inline_us: float = 1e9
    now: float = 0.0
    lag: Lag = field(default_factory=Lag)
    admission: Admission = field(default_factory=lambda: Admission(max_rows=16384, max_us=200_000.0, lanes=1))


def simulate(
    rungs: Sequence[Rung],
    arrivals: Sequence[float],
    make: MakeChooser,
    wish: Wish,
    *,
    rows: int = 64,
    seed: int = 1,
) -> list[Served]:
    """Serve requests that arrive at these seconds, in their order; return what became of each."""
    world = World()
    runners = {rung.name: Simulated(world, rung) for rung in rungs}
    options = [
        Option(Target("m", 1, one.name), one.name, one.accuracy, one.accuracy - 0.006, runners[one.name])
        for one in sorted(rungs, key=lambda one: -one.accuracy)
    ]
    chooser = make(options, Policy())
    random_ = random.Random(seed)
    return _Turns(world, list(runners.values()), chooser, wish, rows, random_).run(arrivals)


@dataclass
class _Turns:
    world: World
    runners: list[Simulated]
    chooser: Chooser
    wish: Wish
    rows: int
    random_: random.Random

    def run(self, arrivals: Sequence[float]) -> list[Served]:
        world, all_ = self.world, [Served(at, None) for at in arrivals]
        unread = deque(all_)
        while unread or any(runner.queue for runner in self.runners):
            if not any(runner.queue for runner in self.runners):
                world.now = max(world.now, unread[0].at)
            begun = world.now
            while unread and unread[0].at <= begun:
                self._read(unread.popleft())
            read_s = world.now - begun
            until = world.now + read_s
            is_first = True
            while (is_first or world.now < until) and any(runner.queue for runner in self.runners):
                is_first = False
                for runner in self.runners:
                    if runner.queue:
                        self._call(runner)
            world.lag.note(world.now - begun, world.now)
        return all_

    def _read(self, served: Served) -> None:
        self.world.now += _ROAD_US / 1e6
        arrived_us = 0.0  # it was read now: for how long it lay in its socket, nobody knows
        try:
            choice, _ = self.chooser.choose(self.rows, self.wish, arrived_us)
            runner = choice.option.runner
            assert isinstance(runner, Simulated)
            runner.take(self.rows, served)
        except RequestError:
            return
        served.variant = choice.option.variant

    def _call(self, runner: Simulated) -> None:
        batch, took_s = runner.call_s(self.random_)
        self.world.now += took_s
        for one in batch:
            one.served.took_s = self.world.now - one.served.at
            self.world.admission.release(one.rows, one.expected_us, inline=True)


def poisson(rate: float, seconds: float, seed: int, start: float = 0.0) -> list[float]:
    """Return the times of a Poisson process."""
    random_ = random.Random(seed)
    times, now = [], start
    while (now := now + random_.expovariate(rate)) < start + seconds:
        times.append(now)
    return times


def right_in_time(served: Sequence[Served], rungs: Sequence[Rung], within_s: float) -> float:
    """Return the share that is right and in time, of all that were offered."""
    accuracy = {rung.name: rung.accuracy for rung in rungs}
    right = [accuracy[one.variant] for one in served if one.variant and one.took_s <= within_s]
    return sum(right) / len(served)
