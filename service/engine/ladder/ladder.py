"""Chooses among the variants of a version as a ladder: down it under load, and up again when that is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from time import perf_counter

from service.engine.admission import retry_after_s
from service.engine.choice import Bounds, Choice, Option, bounds_of, pick, share_of
from service.engine.ladder.candidates import told, weigh
from service.engine.ladder.level import Level
from service.engine.policy import Policy
from service.errors import (
    ExpiredError,
    InvalidRequestError,
    OverloadedError,
    RequestError,
)
from service.wire.wish import NO_WISH, Wish

_COMMON_ROWS = 32
_QUICKER = 0.9  # of the time of all that are more accurate, at most, takes what becomes a rung


class Ladder:
    """The options of one version, and how far down it requests begin.

    What would be chosen with nothing waiting is worked out once for requests that are alike, and holds for as
    long as so little waits that it would be chosen all the same.
    """

    def __init__(
        self, options: Sequence[Option], policy: Policy, clock: Callable[[], float] = perf_counter
    ) -> None:
        """The policy allows one of the options at the least."""
        known = [one for one in options if policy.allows(one.variant)]
        self._options = sorted(known, key=lambda one: (-one.accuracy_low, one.runner.cost_us(_COMMON_ROWS)))
        self.policy = policy
        self._clock = clock
        self._level = Level(clock())
        self._seen = [one.runner.calls for one in self._options]
        self._wish: Wish | None = None  # of which, and of how many rows, the requests are that are alike
        self._rows = _COMMON_ROWS
        self._bounds = bounds_of(NO_WISH, policy, inf)
        self._best: Choice | None = None
        self._best_us = 0.0  # that it takes, hardly ever more
        self._room_us = 0.0  # that may be waiting where no time has gone by
        self._share = 0.0  # of the time that has, by which that is less
        self._is_open = False  # to all options from the level on
        self._front: list[Option] = []
        self._find_front()

    @property
    def carrier(self) -> Option:
        """The cheapest: it has room where any has."""
        return min(self._options, key=lambda one: one.runner.cost_us(_COMMON_ROWS))

    @property
    def start(self) -> Option:
        """Where requests begin that are open to all."""
        return self._front[self._level.index]

    def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
        """Choose for a request of `rows` rows that has been here for `waited_us` microseconds.

        Return the choice, and what the rows are expected to take from now on, in microseconds.
        Raises InvalidRequestError where no variant could ever do, OverloadedError where none can now, and
        ExpiredError where the time is over.
        """
        now, level = self._clock(), self._level
        if now >= level.look_at:
            self._look(now)
        if wish is not self._wish or rows != self._rows:
            self._prepare(rows, wish)
        best = self._best
        if best is not None:
            waiting_us = best.option.runner.waiting_us(rows)
            if waiting_us + self._share * waited_us <= self._room_us:
                level.began += self._is_open
                return best, waiting_us + self._best_us
        choice = self._pick(waited_us)
        if self._is_open:
            level.began += 1
            level.went_down += choice is None or choice.reason == "load"
        choice = choice or self._otherwise(rows, wish, waited_us)
        runner = choice.option.runner
        return choice, runner.waiting_us(rows) + runner.cost_us(rows)

    def _pick(self, waited_us: float, *, is_idle: bool = False) -> Choice | None:
        start = self._level.index
        choice = pick(
            self._front, self._rows, self._bounds, waited_us=waited_us, start=start, is_idle=is_idle
        )
        is_alone = choice is not None and len(self._options) == 1
        return choice.option.choice("pinned") if choice is not None and is_alone else choice

    def _prepare(self, rows: int, wish: Wish) -> None:
        """Work out what would be chosen with nothing waiting, and how much may wait for that to hold."""
        self._wish, self._rows = wish, rows
        quickest = self._front[-1].runner
        self._bounds = bounds = bounds_of(wish, self.policy, quickest.longest_us + quickest.cost_us(rows))
        self._best = best = self._pick(0.0, is_idle=True)
        self._is_open = False
        if best is not None:
            index = self._front.index(best.option)
            self._is_open = index == self._level.index and bounds.objective == "accuracy"
            self._best_us = best.option.runner.cost_us(rows)
            self._share = share_of(index, len(self._front))
            self._room_us = _room_us(self._front, index, rows, bounds)

    def _otherwise(self, rows: int, wish: Wish, waited_us: float) -> Choice:
        """Return what answers where no option holds the bounds. Raises as `choose` does."""
        bounds = self._bounds
        able = [one for one in self._front if one.accuracy_low >= bounds.floor]
        if wish.best_effort:
            in_time = (
                None if able else pick(self._front, rows, bounds._replace(floor=0.0), waited_us=waited_us)
            )
            option = in_time.option if in_time else _soonest(able or self._front, rows)
            return option.choice("fallback")
        if able and not bounds.is_hard:  # admission has the last word
            return _soonest(able, rows).choice("load")
        raise self._refusal(rows, waited_us, able)

    def _refusal(self, rows: int, waited_us: float, able: list[Option]) -> RequestError:
        bounds = self._bounds
        within = f" within {bounds.budget_us / 1e3:g} ms" if bounds.is_hard else ""
        asked = f"{rows} row{'s' * (rows > 1)}{within}"
        if not any(one.runner.least_us(rows) <= bounds.budget_us for one in able):
            least = f" with an accuracy of {bounds.floor:g} or more" if bounds.floor else ""
            why = told(weigh(self._options, rows, bounds, None))
            return InvalidRequestError(f"no variant can answer {asked}{least}: {why}")
        if waited_us >= bounds.budget_us:
            return ExpiredError("the time that the request allows was over before a variant was chosen")
        soonest = _soonest(able, rows)
        waiting_us = soonest.runner.waiting_us(rows)
        return OverloadedError(
            f"no variant can answer {asked} now: {waited_us / 1e3:.1f} ms have gone by, and the soonest may "
            f"wait {waiting_us / 1e3:.1f} ms and take {soonest.runner.cost_us(rows) / 1e3:.3g} ms",
            retry_after_s=retry_after_s(waiting_us),
        )

    def _look(self, now: float) -> None:
        """See what has become of the load, of what was learned, and of the order of the options."""
        passed_s = self._level.look(now, len(self._front) - 1)
        seen = [one.runner.calls for one in self._options]
        for option, before, after in zip(self._options, self._seen, seen, strict=True):
            if before == after:
                option.runner.forget(passed_s)
        self._seen = seen
        self._find_front()
        self._wish = None

    def _find_front(self) -> None:
        """Find the options that are quicker than all that are more accurate; the level stays where it was."""
        former, self._front = self._front, []
        least_us = inf
        for option in self._options:
            us = option.runner.cost_us(self._rows)
            if us < least_us * (1.0 if option in former else _QUICKER):
                self._front.append(option)
            least_us = min(us, least_us)
        if former and former != self._front:
            started = self._options.index(former[self._level.index])
            above = sum(self._options.index(one) < started for one in self._front)
            self._level.index = min(above, len(self._front) - 1)


def _room_us(front: Sequence[Option], index: int, rows: int, bounds: Bounds) -> float:
    """Return how much may wait so that `pick` takes the option at `index`, as when idle."""
    runner = front[index].runner
    cost_us = runner.cost_us(rows)
    most_us = share_of(index, len(front)) * min(bounds.budget_us - cost_us, runner.longest_us)
    if bounds.objective == "accuracy":
        return most_us
    rest = [other.runner.cost_us(rows) - cost_us for other in front if other.runner is not runner]
    return min([most_us, *(us for us in rest if us >= 0)])


def _soonest(options: Sequence[Option], rows: int) -> Option:
    return min(options, key=lambda one: one.runner.waiting_us(rows) + one.runner.cost_us(rows))
