"""Keeps one raw sample of every request, from which every figure can be computed again."""

from __future__ import annotations

import zipfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from loadtests.errors import GeneratorError
from loadtests.payloads import IntArray, rows_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """The requests of one load, in the order in which they were answered. Times are of one monotonic clock.

    Only the wrong rows are listed: sample `wrong_sample[i]` got the row at `wrong_row[i]` of the test set
    wrong. Which rows a sample asked about follows from its body.
    """

    sent: Floats  # (n,) seconds, just before the request was handed to the client
    done: Floats  # (n,) seconds, the answer complete and not yet read
    status: IntArray  # (n,) HTTP status, 0 where there was no answer
    body: IntArray  # (n,) which body was sent
    correct: IntArray  # (n,) rows answered rightly; 0 where the answer was unexpected
    error: IntArray  # (n,) index into `errors`, -1 where the answer was as promised
    errors: npt.NDArray[np.str_]
    wrong_sample: IntArray  # (m,)
    wrong_row: IntArray  # (m,)
    rows: int  # in a request
    order: IntArray  # (test rows,) see payloads
    usage_time: Floats  # (k,) seconds, when the generator's processor time was read
    usage_cpu: Floats  # (k,) seconds of processor time it had used by then
    spawned: float  # seconds, when the last user had started; NaN if that never happened
    ended: float  # seconds, when the users began to be stopped; NaN if that never happened

    def __len__(self) -> int:
        return len(self.done)

    @property
    def ok(self) -> npt.NDArray[np.bool_]:
        """Tell which answers were as promised; shape (n,)."""
        return np.asarray(self.error < 0)

    def between(self, start: float, end: float) -> npt.NDArray[np.bool_]:
        """Tell which answers were complete at or after `start` and before `end`; shape (n,)."""
        return np.asarray((self.done >= start) & (self.done < end))

    def answers_by_row(self, chosen: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
        """Return, for each test row, how often it was answered in the `chosen` samples and how often rightly.

        Unexpected answers are left out, whatever is chosen. Shapes (test rows,).
        """
        chosen = chosen & self.ok
        times = np.bincount(self.body[chosen])
        bodies = np.arange(len(times))
        rows = rows_of(bodies, self.rows, self.order)
        size = len(self.order)
        answered = np.bincount(rows.ravel(), np.repeat(times, self.rows), minlength=size).astype(np.int64)
        wrong = np.bincount(self.wrong_row[chosen[self.wrong_sample]], minlength=size)
        return answered, answered - wrong

    def save(self, path: Path) -> None:
        """Write all arrays to an `.npz` file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Samples:
        """Read what `save` wrote. Raises GeneratorError where the file is missing or something else."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                scalars = {"rows": int(arrays["rows"])} | {
                    name: float(arrays[name]) for name in ("spawned", "ended")
                }
                return cls(**({field.name: arrays[field.name] for field in fields(cls)} | scalars))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise GeneratorError(f"{path} does not hold samples ({error})") from error


class Recorder:
    """Takes samples in while the load runs: 48 bytes each, nothing summed up or thrown away."""

    def __init__(self, rows: int, order: IntArray) -> None:
        self._rows = rows
        self._order = order
        self._sent = array("d")
        self._done = array("d")
        self._status = array("q")
        self._body = array("q")
        self._wrong_sample = array("q")
        self._wrong_row = array("q")
        self._correct = array("q")
        self._error = array("q")
        self._errors: dict[str, int] = {}
        self._usage_time = array("d")
        self._usage_cpu = array("d")
        self.spawned = float("nan")
        self.ended = float("nan")

    def __len__(self) -> int:
        return len(self._done)

    def add_answer(self, sent: float, done: float, body: int, wrong: Sequence[int]) -> None:
        """Record an answer as promised, in which the labels at the places `wrong` were not the true ones."""
        for place in wrong:
            self._wrong_sample.append(len(self._done))
            self._wrong_row.append(int(self._order[(body * self._rows + place) % len(self._order)]))
        self._add(sent, done, 200, body, self._rows - len(wrong), -1)

    def add_failure(self, sent: float, done: float, body: int, *, status: int, reason: str) -> None:
        """Record an answer that was not as promised, or none at all (status 0)."""
        self._add(sent, done, status, body, 0, self._errors.setdefault(reason, len(self._errors)))

    def add_usage(self, time: float, cpu: float) -> None:
        """Record that by `time` the generator had used `cpu` seconds of processor time."""
        self._usage_time.append(time)
        self._usage_cpu.append(cpu)

    def samples(self) -> Samples:
        """Return a copy of everything recorded so far."""
        return Samples(
            sent=np.array(self._sent, np.float64),
            done=np.array(self._done, np.float64),
            status=np.array(self._status, np.int64),
            body=np.array(self._body, np.int64),
            correct=np.array(self._correct, np.int64),
            error=np.array(self._error, np.int64),
            errors=np.array(list(self._errors), np.str_),
            wrong_sample=np.array(self._wrong_sample, np.int64),
            wrong_row=np.array(self._wrong_row, np.int64),
            rows=self._rows,
            order=self._order,
            usage_time=np.array(self._usage_time, np.float64),
            usage_cpu=np.array(self._usage_cpu, np.float64),
            spawned=self.spawned,
            ended=self.ended,
        )

    def _add(self, sent: float, done: float, status: int, body: int, correct: int, error: int) -> None:
        self._sent.append(sent)
        self._done.append(done)
        self._status.append(status)
        self._body.append(body)
        self._correct.append(correct)
        self._error.append(error)
