"""What came of a block: the samples of each of its loads, and for each turn the time that it took."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from loadtests.errors import GeneratorError
from loadtests.measure.samples import Samples

TURNS = "turns.json"
"""The file that is written last, and so says that all the others are there."""


@dataclass(frozen=True)
class Turn:
    """One turn of one load: its users were let go together, and each finished what it had begun.

    Throughput is `users * answers / worked_s` (Little's law). Whether a user begins another request depends
    on nothing that comes after, so the mean of what was begun is the mean of all (Wald's equation), also
    where all answers come at once.
    """

    load: int
    """Place of its order in the block."""
    place: int
    """Its own in the block, and `part` of its samples."""
    start: float
    """When the users were let go. Times are of `time.perf_counter`, in seconds."""
    end: float
    """When the last answer was in, or given up."""
    answers: int
    """Answers as promised that `worked_s` was spent on. Not the first of each user, which found the service
    idle, unless no user had more; all that came are in the samples."""
    worked_s: float
    """The time that the users together spent on them: connecting, waiting, failing and thinking."""
    processor_s: float | None
    """User and system time of the service's processes from start to end; None where unknown."""
    service_waited_s: float | None
    """How long their threads were ready to run and had no core; None where unknown."""
    generator_s: float
    """The generator's own processor time."""
    generator_waited_s: float
    """How long the generator was ready to run and had no core; NaN where unknown."""
    unanswered: int
    """Requests given up at the time-out. The load has no more turns: its service may still be at work."""

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Taken:
    """What came of a block."""

    samples: tuple[Samples | None, ...]
    """By order; `part` is the place of the turn. None where it was refused."""
    turns: tuple[Turn, ...]
    """In the order in which they were taken; those that a load had no more of are missing."""
    refusals: tuple[str, ...]
    """By order: why it could not be begun at all, as that its service answers with a 503; or empty."""

    def save(self, folder: Path) -> None:
        """Write it to a folder that is there."""
        for place, samples in enumerate(self.samples):
            if samples is not None:
                samples.save(folder / f"{place}.npz")
        plain = {"turns": [asdict(turn) for turn in self.turns], "refusals": self.refusals}
        (folder / TURNS).write_text(json.dumps(plain), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises GeneratorError where something is missing, or is something else."""
        try:
            plain = json.loads((folder / TURNS).read_text(encoding="utf-8"))
            turns = tuple(Turn(**turn) for turn in plain["turns"])
            refusals = tuple(map(str, plain["refusals"]))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise GeneratorError(f"{folder} does not hold the turns of a block ({error})") from error
        return cls(_samples(folder, refusals), turns, refusals)


def _samples(folder: Path, refusals: Sequence[str]) -> tuple[Samples | None, ...]:
    return tuple(
        None if refusal else Samples.load(folder / f"{place}.npz") for place, refusal in enumerate(refusals)
    )
