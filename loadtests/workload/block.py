"""Several closed loops that take turns, as plain data. It travels to whoever sends them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import inf
from typing import Self

from loadtests.workload.order import Order


@dataclass(frozen=True)
class Block:
    """All users of all orders stay connected; those of one order at a time send."""

    orders: tuple[Order, ...]
    """Of closed loops; their `warmup_s` and `duration_s` have no meaning here."""
    processes: tuple[tuple[int, ...], ...]
    """Of each order: the numbers of its service's processes, whose processor time is read; or none."""
    turns: tuple[tuple[int, float], ...]
    """One after the other: the place of an order, and the seconds in which its users send."""
    round_turns: int = 1
    """So many turns are a round, which is carried out whole."""
    seconds_max: float = inf
    """No round begins later than so, answers waited for included."""

    @property
    def seconds(self) -> float:
        """In which requests are sent. What is under way then is waited for, up to its time-out."""
        return sum(seconds for _, seconds in self.turns)

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        plain = json.loads(text)
        return cls(
            tuple(Order(**order) for order in plain["orders"]),
            tuple(map(tuple, plain["processes"])),
            tuple((place, seconds) for place, seconds in plain["turns"]),
            plain["round_turns"],
            plain["seconds_max"],
        )
