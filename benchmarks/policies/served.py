"""Our service with another policy: `python -m benchmarks.policies.served POLICY` and the service's options.

A program by itself, which may know the service: see `tests/test_architecture.py`. The policies are ours, each
after what a paper says.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from math import inf

from fastapi import FastAPI

from service.__main__ import main
from service.app import create_app
from service.engine.choice import Choice, Option, Reason
from service.engine.policy import Policy
from service.wire.wish import Wish

BUCKETS = 8  # of the profile
PERIOD_S = 1.0  # there half a minute, of traces of hours; here a load lasts for seconds
ROOM = 1.05  # there, too: what is planned for is so much more than the demand
_WEIGHT = 0.5  # of the newest period in the demand that is expected


class SlackFit:
    """Chooses by the slack of what waits longest (Khare et al., "SuperServe", NSDI 2025, 4.2).

    There, what a batch takes is profiled for each submodel and batch size, and the profile is cut into
    buckets of even width. Whenever a worker is free, the bucket with the longest latency below the slack of
    the most urgent query is taken, and in it the largest batch. Here the service makes the batches, so it is
    the variant that is chosen, for the rows at hand: the most accurate one in that bucket. What does not fit
    at all gets the quickest.
    """

    def __init__(self, options: Sequence[Option], policy: Policy) -> None:
        self.policy, allowed = policy, policy.variants
        self._options = [one for one in options if allowed is None or one.variant in allowed]

    @property
    def carrier(self) -> Option:
        """The quickest: it has room where any has."""
        return min(self._options, key=lambda one: one.runner.cost_us(1))

    def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
        """Choose for a request of `rows` rows that has been here for `waited_us` microseconds."""
        took = {one.variant: one.runner.cost_us(rows) for one in self._options}
        budget_us = inf if wish.max_latency_ms is None else wish.max_latency_ms * 1e3
        fitting = [
            one
            for one in self._options
            if took[one.variant] <= budget_us - waited_us - one.runner.waiting_us(rows)
        ]
        if not fitting:
            return _told(min(self._options, key=lambda one: took[one.variant]).choice("load"), rows)
        low, high = min(took.values()), max(took.values())
        width = (high - low) / BUCKETS or 1.0
        bucket = {one.variant: int((took[one.variant] - low) / width) for one in fitting}
        longest = max(bucket.values())
        among = [one for one in fitting if bucket[one.variant] == longest]
        return _told(max(among, key=lambda one: one.accuracy).choice("deadline"), rows)


class Proteus:
    """Chooses by a plan that is made anew now and then (Ahmad et al., ASPLOS 2024, sections 3 and 4).

    There, a controller looks at the demand of the last while, and has an integer program place variants on
    the devices so that they bear it with the highest accuracy; a demand that is suddenly higher has it plan
    at once. Here is one device, so that the plan is one variant: the most accurate that bears the demand,
    with some room. What a request costs beside the model is seen in the processor time of the last while.
    """

    def __init__(
        self,
        options: Sequence[Option],
        policy: Policy,
        clock: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.process_time,
    ) -> None:
        """`clock` is the time, `processor` the processor time used, in seconds."""
        self.policy, allowed = policy, policy.variants
        kept = [one for one in options if allowed is None or one.variant in allowed]
        self._options = sorted(kept, key=lambda one: -one.accuracy)
        self._clock, self._processor = clock, processor
        self._planned = self._options[0]
        self._begun, self._used = clock(), processor()
        self._requests = self._rows = 0
        self._model_us = self._beside_us = self._demand = 0.0

    @property
    def carrier(self) -> Option:
        """The quickest: it has room where any has."""
        return min(self._options, key=lambda one: one.runner.cost_us(1))

    def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
        """Choose what is planned for now, whatever is wished: the plan is of the demand."""
        del wish, waited_us
        self._requests += 1
        self._rows += rows
        self._model_us += self._planned.runner.cost_us(rows)
        seconds = self._clock() - self._begun
        # More in a part of the period than would be expected in the whole: it is suddenly higher.
        if seconds >= PERIOD_S or self._requests > max(50.0, 1.5 * self._demand * PERIOD_S):
            self._plan(max(seconds, 1e-3))
        reason: Reason = "accuracy" if self._planned is self._options[0] else "load"
        return _told(self._planned.choice(reason), rows)

    def _plan(self, seconds: float) -> None:
        """Take the most accurate variant that bears the demand, or else the quickest."""
        used_us = (self._processor() - self._used) * 1e6
        self._beside_us = max(0.0, used_us - self._model_us) / self._requests
        seen = self._requests / seconds
        self._demand = seen if seen > self._demand else self._demand + _WEIGHT * (seen - self._demand)
        rows = max(1, self._rows // self._requests)
        took = {one.variant: one.runner.cost_us(rows) + self._beside_us for one in self._options}
        able = [one for one in self._options if ROOM * self._demand * took[one.variant] <= 1e6]
        self._planned = able[0] if able else min(self._options, key=lambda one: took[one.variant])
        self._begun, self._used = self._clock(), self._processor()
        self._requests = self._rows = 0
        self._model_us = 0.0


def _told(choice: Choice, rows: int) -> tuple[Choice, float]:
    """Return a choice with what is expected of it, as the service asks for."""
    runner = choice.option.runner
    return choice, runner.waiting_us(rows) + runner.cost_us(rows)


def slack_fit() -> FastAPI:
    """Build the service with SlackFit."""
    return create_app(choose_among=SlackFit)


def proteus() -> FastAPI:
    """Build the service with Proteus' planner."""
    return create_app(choose_among=Proteus)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[2:], app=f"benchmarks.policies.served:{sys.argv[1]}"))
