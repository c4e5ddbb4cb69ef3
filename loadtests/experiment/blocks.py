"""A block: what the turns of one load came to between two starts of the services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.blocks import Turns
from loadtests.workload.scenarios import COST


@dataclass(frozen=True)
class TurnFigures:
    """One turn of one load. Those of equal block and round stood side by side, in a random order."""

    block: int
    round: int
    started_s: float
    """Seconds after the first turn of the run began."""
    seconds: float
    """From the first request to the last answer."""
    answers: int
    """As promised."""
    requests_per_s: float
    """Of a closed loop: its users over the mean time from one request of a user to the next."""
    rows_per_s: float
    rows_per_core_s: float | None
    """Rows that a second of the service's processor time buys, user and system, of all its processes."""
    p50_ms: float | None
    p99_ms: float | None
    why_void: str = ""
    """Why it does not count, as `the generator had no core`; empty where it does. What a row costs the
    service's processor counts all the same, for it does not hang on who asks, and when."""


def figures_of(turns: Sequence[TurnFigures], name: str) -> Turns:
    """Return a figure of every turn that counts and has it, by block and round."""
    counted = [one for one in turns if name == COST or not one.why_void]
    found = {(one.block, one.round): getattr(one, name) for one in counted}
    return {place: float(value) for place, value in found.items() if value is not None}


@dataclass(frozen=True)
class Block:
    """What the turns that count came to between two starts of the services; blocks are independent.

    Rates are geometric means of the turns', without the fifth that is lowest and that which is highest; so
    the ratio of two variants in a block is, but for rounding, that of their turns side by side.
    """

    index: int
    started_s: float
    """Seconds after the first turn of the run began."""
    seconds: float
    """Measured, in all turns that count."""
    turns: int
    void_turns: int
    """Thrown away: see `core`."""
    requests_per_s: float
    rows_per_s: float
    rows_per_core_s: float | None
    p50_ms: float | None
    p99_ms: float | None
    """Of all requests of the block, from the scheduled moment where there is one."""
    goodput_per_s: float
    """Requests a second that were answered as promised and in time."""
    effective_accuracy: float | None
    generator_cpu: float | None


@dataclass(frozen=True)
class Grade:
    """How calm the machine was while a load was measured. It makes intervals wide, and no figure wrong."""

    word: str
    """`calm`, `uneasy` or `rough`."""
    scatter: float | None
    """Of the turns' rates about those of their block, as a share: a robust standard deviation. None where no
    turn counts."""
    void_turns: float
    """Share of the turns that do not count."""
    waited: float | None
    """How long the service was ready to run and had no core, as a share of the time; None if unknown."""
    stolen: float | None
    """Of the service's core by the hypervisor, as a share of the time; None if unknown."""
    others: float | None
    """What other processes took of the service's core, as a share of the time; None if unknown."""

    @property
    def sentence(self) -> str:
        """The grade with its figures."""
        parts = {
            "the turns scattered by {:.1%} about their block": self.scatter,
            "{:.0%} of the turns do not count": self.void_turns or None,
            "the service was ready and had no core for {:.1%} of the time": self.waited,
            "the hypervisor stole {:.1%}": self.stolen,
            "other processes took {:.1%} of its core": self.others,
        }
        told = [text.format(value) for text, value in parts.items() if value is not None]
        return f"{self.word}: {', '.join(told)}"


@dataclass(frozen=True)
class Stop:
    """Why a run went on no longer."""

    why: str
    """A sentence: all that matters is decided, or the budget is spent; with what would take more."""
    is_decided: bool
    blocks: int
    seconds: float
    """Since the first block began, starts of the services included."""
    budget_s: float
    confidence: float
    """Of the intervals of this run's ratios, so that they hold at all looks together with 95%."""
    more_s: float | None
    """What more seconds would decide the rest, about; None where nothing is left, or nobody knows."""
