"""What is known of each graph that is compared, and which of them the aims are about: nothing is run here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from evidence.estimate import Estimate
from evidence.paired import Pairs, Verdict, judge, judge_all

AIM = 1.3
"""How many times fewer bytes, or less time, the mixed rung should have than the best uniform one."""

Right: TypeAlias = npt.NDArray[np.bool_]
Role: TypeAlias = Literal["reference", "uniform", "mixed", "plain", "control"]
"""The first three are ours: the float rung, those of one precision, the mixed one. `control` is NNCF's
accuracy control as it comes, which the aims are about; whatever else is not ours is plain."""


@dataclass(frozen=True)
class Contender:
    """A graph: its size, what it got right, and what it takes."""

    name: str
    role: Role
    bytes: int
    validation: Right  # (v,)
    test: Right  # (t,)
    agreement: float
    """The share of the test rows to which it gives the reference's answer, right or wrong."""
    times: dict[int, Estimate] = field(default_factory=dict)
    """By the rows of a call, its time as a share of the reference's."""
    seconds: float | None = None
    """What making it took; None where that is not known apart."""
    memory_bytes: int | None = None
    """The most memory that the process which made it had."""
    beside: int = 0
    """Bytes of a second file, which describes the graph: of NNCF's, and left out of every ratio."""
    kept: tuple[str, ...] | None = None
    """The layers that accuracy control gave back to float32; None of one that gives nothing back."""

    @property
    def accuracy(self) -> float:
        return float(self.test.mean())

    def drop(self, reference: Contender) -> float:
        """How much less accurate it is on the validation rows, which a search sees."""
        return float(reference.validation.mean() - self.validation.mean())

    def pairs(self, other: Contender) -> Pairs:
        """How it did on the test rows, against another."""
        return Pairs.of(self.test, other.test)


def reference_of(contenders: Sequence[Contender]) -> Contender:
    return _only(contenders, "reference")


def mixed_of(contenders: Sequence[Contender]) -> Contender:
    return _only(contenders, "mixed")


def control_of(contenders: Sequence[Contender]) -> Contender:
    return _only(contenders, "control")


def verdicts(contenders: Sequence[Contender], budget: float) -> dict[str, Verdict]:
    """Judge all but the reference against it, together."""
    reference = reference_of(contenders)
    return judge_all({one.name: one.pairs(reference) for one in contenders if one is not reference}, budget)


@dataclass(frozen=True)
class Gain:
    """How many times less of something mixed has than the best uniform rung that holds the budget."""

    of: str
    best: str
    times: float

    @property
    def is_met(self) -> bool:
        return self.times >= AIM

    def __str__(self) -> str:
        return f"{self.of}: {self.times:.2f} times less than {self.best}"


def held(contenders: Sequence[Contender], budget: float, *, proven: bool = True) -> list[Contender]:
    """Return our uniform rungs whose accuracy on the test rows drops no more than the budget.

    The reference is always one. Where it need not be `proven`, a drop that was seen to be within it does.
    """
    reference, judged = reference_of(contenders), verdicts(contenders, budget)

    def holds(one: Contender) -> bool:
        if proven:
            return judged[one.name].judgement == "no worse"
        return reference.accuracy - one.accuracy <= budget

    return [reference, *(one for one in contenders if one.role == "uniform" and holds(one))]


def gains(contenders: Sequence[Contender], budget: float, *, proven: bool = True) -> list[Gain]:
    """Compare the mixed rung with the uniform rungs that hold the budget: the smallest, and the fastest."""
    mixed, rungs = mixed_of(contenders), held(contenders, budget, proven=proven)
    smallest = min(rungs, key=lambda one: one.bytes)
    found = [Gain("bytes", smallest.name, smallest.bytes / mixed.bytes)]
    for batch, time in mixed.times.items():
        fastest = min(rungs, key=lambda one: one.times[batch].value)
        times = fastest.times[batch].value / time.value
        found.append(Gain(f"time, batch {batch}", fastest.name, times))
    return found


def against(contenders: Sequence[Contender], budget: float) -> Verdict:
    """Judge the mixed rung against what NNCF's accuracy control made."""
    return judge(mixed_of(contenders).pairs(control_of(contenders)), budget)


def is_met(contenders: Sequence[Contender], budget: float) -> bool:
    """Whether mixed is proven to hold the budget, and to be no worse than NNCF's, and gains enough."""
    return (
        verdicts(contenders, budget)[mixed_of(contenders).name].judgement == "no worse"
        and against(contenders, budget).judgement == "no worse"
        and any(gain.is_met for gain in gains(contenders, budget))
    )


def _only(contenders: Sequence[Contender], role: Role) -> Contender:
    return next(one for one in contenders if one.role == role)
