"""Chooses a variant for a request that leaves it to the service: one pure function over a few numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from service.engine.policy import Policy
from service.engine.runner import Runner
from service.wire.message import Headers
from service.wire.target import Target
from service.wire.wish import Wish

Reason = Literal["accuracy", "deadline", "load", "floor", "pinned", "cascade", "fallback"]
"""Why a variant was chosen. `accuracy`: the most accurate of all, nothing was in its way. `deadline`: a more
accurate one would take too long by itself. `load`: it would with what waits now. `floor`: the fastest that is
accurate enough was asked for. `pinned`: there is no other. `cascade`: it is the cascade, for whatever reason.
`fallback`: none holds the bounds, and an answer was wanted all the same."""
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
    choices: dict[Reason, Choice] = field(default_factory=dict)
    """Of this variant, made once for each reason."""

    def __post_init__(self) -> None:
        expected = b"%.4f" % self.accuracy
        for reason in REASONS:
            said = [(b"x-variant-reason", reason.encode()), (b"x-expected-accuracy", expected)]
            self.choices[reason] = Choice(self, reason, said)


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """What was chosen, why, and how the answer says so."""

    option: Option
    reason: Reason
    headers: Headers


class Chooser(Protocol):
    """Chooses among the loaded variants of one version."""

    def choose(self, rows: int, wish: Wish, waited_us: float) -> Choice:
        """Choose for a request of `rows` rows that has been here for `waited_us` microseconds.

        Raises InvalidRequestError where no variant could ever do, and OverloadedError where none can now.
        """

    @property
    def carrier(self) -> Option:
        """Whichever option stands for all until one is chosen: it has room where any has."""


MakeChooser = Callable[[Sequence[Option], Policy], Chooser]
"""Makes what chooses among options, one at least, as a policy has it."""
