"""The raw samples of a load, from which every figure can be computed again."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from loadtests.errors import GeneratorError
from loadtests.workload.arrays import Flags, Floats, Ints
from loadtests.workload.payloads import rows_of

_PER_SAMPLE = ("scheduled", "due", "sent", "done", "status", "body", "correct", "part")
_NUMBERED = ("error", "choice")  # of each sample: the number of something, -1 for nothing


@dataclass(frozen=True)
class Samples:
    """The requests of one load, in the order in which they were answered. Times are of one monotonic clock.

    Only the wrong rows are listed: sample `wrong_sample[i]` got the row at `wrong_row[i]` of the test set
    wrong. Which rows a sample asked about follows from its body.
    """

    scheduled: Floats  # (n,) seconds, when it was to be sent; in a closed loop, when its user wanted to
    due: Floats  # (n,) seconds, when it could be sent: `scheduled`, or later for want of a free connection
    sent: Floats  # (n,) seconds, its connection open, just before the request was handed to the system
    done: Floats  # (n,) seconds, the answer complete and not yet read
    status: Ints  # (n,) HTTP status, 0 where there was no answer
    body: Ints  # (n,) which body was sent
    correct: Ints  # (n,) rows answered rightly; 0 where the answer was unexpected
    error: Ints  # (n,) index into `errors`, -1 where the answer was as promised
    errors: npt.NDArray[np.str_]
    choice: Ints  # (n,) index into `choices`, -1 where the service chose nothing
    choices: npt.NDArray[np.str_]  # (c, 2) which variant was chosen, and why
    part: Ints  # (n,) which of the loads that were merged it is from
    wrong_sample: Ints  # (m,)
    wrong_row: Ints  # (m,)
    difference: Floats  # (test rows,) largest difference of a probability from offline; NaN: not compared
    astray: Flags  # (test rows,) whether some answer had another label than the prediction offline
    rows: int  # in a request
    order: Ints  # (test rows,) see payloads
    variant: str
    is_open: bool  # whether the moments were scheduled
    usage_time: Floats  # (k,) seconds, when the generator's processor time was read
    usage_cpu: Floats  # (k,) seconds of processor time it had used by then
    usage_waited: Floats  # (k,) seconds that it had been ready to run by then, and had no core; NaN: unknown
    reconnected: Floats  # (r,) seconds, when a connection took the place of one that the service had closed
    given_up: float  # seconds, when an open loop was given up; NaN where it went to its end
    spawned: float  # seconds, when the last user had started; NaN if that never happened
    ended: float  # seconds, when the users began to be stopped; NaN if that never happened

    def __len__(self) -> int:
        return len(self.done)

    @property
    def ok(self) -> Flags:
        """Tell which answers were as promised; shape (n,)."""
        return np.asarray(self.error < 0)

    def between(self, start: float, end: float) -> Flags:
        """Tell which answers were complete at or after `start` and before `end`; shape (n,)."""
        return np.asarray((self.done >= start) & (self.done < end))

    def offered(self, start: float, end: float) -> Flags:
        """Tell which requests were to be sent at or after `start` and before `end`; shape (n,)."""
        return np.asarray((self.scheduled >= start) & (self.scheduled < end))

    def measured(self, start: float, end: float) -> Flags:
        """Tell which samples a window is about; shape (n,).

        Those that were to be sent in it, whenever they were answered, in a closed loop as in an open one: to
        leave out an answer because it came after the end would hide the slowest.
        """
        return self.offered(start, end)

    def asked_by_row(self, chosen: Flags) -> Ints:
        """Return how often each test row was asked in the `chosen` samples, however they ended; (test rows,).

        The last body goes on with the first rows, so even where each body was sent once, some came twice.
        """
        times = np.bincount(self.body[chosen])
        rows = rows_of(np.arange(len(times)), self.rows, self.order)
        asked = np.bincount(rows.ravel(), np.repeat(times, self.rows), minlength=len(self.order))
        return asked.astype(np.int64)

    def answers_by_row(self, chosen: Flags) -> tuple[Ints, Ints]:
        """Return, for each test row, how often it was answered in the `chosen` samples and how often rightly.

        Unexpected answers are left out, whatever is chosen. Shapes (test rows,).
        """
        chosen = chosen & self.ok
        answered = self.asked_by_row(chosen)
        wrong = np.bincount(self.wrong_row[chosen[self.wrong_sample]], minlength=len(self.order))
        return answered, answered - wrong

    def trimmed(self, chosen: Flags) -> Samples:
        """Return the `chosen` samples alone, shape (n,)."""
        kept = chosen[self.wrong_sample]
        place = np.cumsum(chosen) - 1
        return replace(
            self,
            **{name: getattr(self, name)[chosen] for name in (*_PER_SAMPLE, *_NUMBERED)},
            wrong_sample=place[self.wrong_sample[kept]].astype(np.int64),
            wrong_row=self.wrong_row[kept],
        )

    def save(self, path: Path | IO[bytes]) -> None:
        """Write all arrays to an `.npz` file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path | IO[bytes]) -> Samples:
        """Read what `save` wrote. Raises GeneratorError where the file is missing or something else."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                scalars = {
                    "rows": int(arrays["rows"]),
                    "variant": str(arrays["variant"]),
                    "is_open": bool(arrays["is_open"]),
                } | {name: float(arrays[name]) for name in ("given_up", "spawned", "ended")}
                return cls(**({field.name: arrays[field.name] for field in fields(cls)} | scalars))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise GeneratorError(f"{path} does not hold samples ({error})") from error


def merge(loads: Sequence[Samples]) -> Samples:
    """Put the samples of several loads with the same bodies together: none changed, none lost.

    `part` is kept, so whoever merges loads of one part each can tell them apart. Raises ValueError where the
    bodies are not the same.
    """
    first = loads[0]
    if any(one.rows != first.rows or not np.array_equal(one.order, first.order) for one in loads):
        raise ValueError("these loads sent different bodies")
    error, errors = _renumbered([(one.error, one.errors.tolist()) for one in loads])
    choice, choices = _renumbered([(one.choice, [*map(tuple, one.choices.tolist())]) for one in loads])
    begins = np.cumsum([0, *(len(one) for one in loads)])[:-1]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in loads]) for name in _PER_SAMPLE
    }
    return replace(
        first,
        **joined,
        error=error,
        errors=np.array(errors, np.str_),
        choice=choice,
        choices=np.array(choices, np.str_).reshape(-1, 2),
        wrong_sample=np.concatenate(
            [one.wrong_sample + begin for one, begin in zip(loads, begins.tolist(), strict=True)]
        ).astype(np.int64),
        wrong_row=np.concatenate([one.wrong_row for one in loads]),
        difference=np.fmax.reduce([one.difference for one in loads]),
        astray=np.logical_or.reduce([one.astray for one in loads]),
        usage_time=np.concatenate([one.usage_time for one in loads]),
        usage_cpu=np.concatenate([one.usage_cpu for one in loads]),
        usage_waited=np.concatenate([one.usage_waited for one in loads]),
        reconnected=np.concatenate([one.reconnected for one in loads]),
        given_up=float(np.fmin.reduce([one.given_up for one in loads])),
        spawned=max(one.spawned for one in loads),
        ended=min(one.ended for one in loads),
    )


def _renumbered(parts: Sequence[tuple[Ints, Sequence[Any]]]) -> tuple[Ints, list[Any]]:
    """Return the numbers of all parts, one after another, and what they mean, each thing once."""
    known = {one: place for place, one in enumerate(dict.fromkeys(one for _, of in parts for one in of))}
    # Index -1, of nothing, finds the -1 at the end.
    numbers = [np.array([*(known[one] for one in of), -1], np.int64)[part] for part, of in parts]
    return np.concatenate(numbers), list(known)
