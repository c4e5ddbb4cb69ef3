"""Chooses a variant for a request that leaves it to the service: one pure function over a few numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple, Protocol, get_args

from bundle.manifest import CASCADE
from service.engine.policy import Policy
from service.engine.runner import Runner
from service.wire.message import Headers
from service.wire.target import Target
from service.wire.wish import Objective, Wish

Reason = Literal["accuracy", "deadline", "load", "floor", "pinned", "cascade", "fallback"]
"""Why a variant was chosen. `accuracy`: the most accurate of all, nothing was in its way. `deadline`: a more
accurate one would take too long by itself. `load`: it would with what waits, now or of late. `floor`: the
fastest that is accurate enough was asked for. `pinned`: there is no other. `cascade`: it is the cascade, for
whatever reason but the last. `fallback`: none holds the bounds, and an answer was wanted all the same."""
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, eq=False)
class Option:
    """A variant that is loaded."""

    target: Target
    variant: str
    accuracy: float
    """On the test rows."""
    accuracy_low: float
    """Lower end of its interval, which a floor is held against."""
    runner: Runner
    headers: dict[Reason, Headers] = field(default_factory=dict)
    """How an answer says that it was chosen, made once for each reason. No `Choice` is kept: it holds on to
    this, and graphs that were unloaded would wait for the garbage collector, which comes seldom."""

    def __post_init__(self) -> None:
        expected = b"%.4f" % self.accuracy
        for reason in REASONS:
            said = [(b"x-variant-reason", reason.encode()), (b"x-expected-accuracy", expected)]
            self.headers[reason] = said

    def choice(self, reason: Reason) -> Choice:
        """Return the choice of this variant for a reason."""
        if self.variant == CASCADE and reason != "fallback":
            reason = "cascade"
        return Choice(self, reason, self.headers[reason])


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """What was chosen, why, and how the answer says so."""

    option: Option
    reason: Reason
    headers: Headers


class Bounds(NamedTuple):
    """What a choice has to hold, and what it aims at."""

    budget_us: float
    """From when the head of the request was there."""
    is_hard: bool
    """Whether an answer is of no use later: the request says so. Otherwise it is a goal."""
    floor: float
    objective: Objective


def bounds_of(wish: Wish, policy: Policy, longest_us: float) -> Bounds:
    """Return what holds for a wish; `longest_us` is how long it may take where nobody says anything."""
    latency_ms = wish.max_latency_ms or policy.max_latency_ms
    return Bounds(
        longest_us if latency_ms is None else latency_ms * 1e3,
        wish.max_latency_ms is not None,
        policy.min_accuracy if wish.min_accuracy is None else wish.min_accuracy,
        wish.objective or policy.objective,
    )


# Which share of the time that is left may be waiting. It takes far longer than is known: some of what came
# is unread, while what waits is worked off the event loop reads on, and when load begins from idle nobody has
# learned yet what a call takes under it.
_FOR_BEST = 0.1
_FOR_LAST = 0.3
_FOR_ANY = 0.5  # beyond it, the answer would hardly ever be there in time


def share_of(index: int, count: int) -> float:
    """Return which share of the time there is may be waiting for the option at `index` of a front.

    The better an option is, the less: what would wait too long for it, the next one gets. So the queue comes
    to rest where the time that there is goes to the best that it is enough for, and a burst finds some left.
    """
    return _FOR_LAST - (_FOR_LAST - _FOR_BEST) * (count - 1 - index) / max(1, count - 1)


def pick(
    front: Sequence[Option],
    rows: int,
    bounds: Bounds,
    *,
    waited_us: float = 0.0,
    start: int = 0,
    is_idle: bool = False,
) -> Choice | None:
    """Choose for `rows` rows that have been here for `waited_us`; None where no option can hold the bounds.

    In `front` the most accurate comes first, and each is quicker than those before it. Those before `start`
    are not tried. Where none of the others is expected in time, the quickest that is accurate enough takes
    its chance, unless there is hardly any. `is_idle` supposes that nothing waits.
    """
    if bounds.objective == "latency":
        return _fastest(front, rows, bounds, waited_us, is_idle=is_idle)
    reason: Reason = "accuracy"
    quickest = None
    for index, option in enumerate(front):
        if option.accuracy_low < bounds.floor:
            break
        quickest, runner = option, option.runner
        left_us = bounds.budget_us - waited_us - runner.cost_us(rows)
        if left_us < 0:
            reason = "deadline"
        elif index < start:
            reason = "load"
        else:
            most_us = share_of(index, len(front)) * min(left_us, runner.longest_us)
            if is_idle or runner.waiting_us(rows) <= most_us:
                return option.choice(reason)
            reason = "load"
    if quickest is None or _is_hopeless(quickest, rows, bounds.budget_us - waited_us, is_idle=is_idle):
        return None
    return quickest.choice(reason)


def _is_hopeless(option: Option, rows: int, left_us: float, *, is_idle: bool) -> bool:
    """Tell whether an answer would hardly ever be there in time, even if all goes well."""
    runner = option.runner
    hope_us = left_us - runner.least_us(rows)
    return hope_us < 0 or not (is_idle or runner.waiting_us(rows) <= _FOR_ANY * hope_us)


def _fastest(
    front: Sequence[Option], rows: int, bounds: Bounds, waited_us: float, *, is_idle: bool
) -> Choice | None:
    fastest, least_us = None, inf
    for option in front:
        if option.accuracy_low < bounds.floor:
            break
        us = option.runner.cost_us(rows) + (0.0 if is_idle else option.runner.waiting_us(rows))
        if us <= least_us:
            fastest, least_us = option, us
    if fastest is None or _is_hopeless(fastest, rows, bounds.budget_us - waited_us, is_idle=is_idle):
        return None
    return fastest.choice("floor")


class Chooser(Protocol):
    """Chooses among the loaded variants of one version."""

    policy: Policy
    """Which it follows."""

    def choose(self, rows: int, wish: Wish, waited_us: float) -> tuple[Choice, float]:
        """Choose for a request of `rows` rows that has been here for `waited_us` microseconds.

        Return the choice, and what the rows are expected to take from now on, in microseconds.
        Raises InvalidRequestError where no variant could ever do, and OverloadedError where none can now.
        """

    @property
    def carrier(self) -> Option:
        """Whichever option stands for all until one is chosen: it has room where any has."""


MakeChooser = Callable[[Sequence[Option], Policy], Chooser]
"""Makes what chooses among options, one at least, as a policy has it."""
