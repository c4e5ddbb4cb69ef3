"""A request as the engine knows it: rows that wait, whoever hears of them, and the call they are run in."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from time import perf_counter
from typing import ClassVar

import numpy as np

from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from service.wire.message import Rows

logger = logging.getLogger("service")


class Call:
    """A call of the model that is done: the probabilities of all its rows, and when it began and ended.

    What else is made of them is made once for all who shared it, and only where somebody wants it.
    """

    __slots__ = ("_best", "_numbers", "end", "probabilities", "start")

    def __init__(self, probabilities: FloatArray, start: float, end: float) -> None:
        self.probabilities = probabilities
        self.start = start
        self.end = end
        self._best: list[int] | None = None
        self._numbers: list[list[float]] | None = None

    @property
    def best(self) -> list[int]:
        """Of each row, the column of the largest probability."""
        if self._best is None:
            self._best = self.probabilities.argmax(axis=1).tolist()
        return self._best

    @property
    def numbers(self) -> list[list[float]]:
        """The probabilities, as Python's numbers."""
        if self._numbers is None:
            self._numbers = self.probabilities.tolist()
        return self._numbers


class Answer:
    """What a request gets: its own rows of a call, from `first` up to `last`."""

    __slots__ = ("call", "escalated", "first", "id", "last")

    def __init__(self, call: Call, first: int, last: int, escalated: int | None = None) -> None:
        self.call = call
        self.id: str | None = None  # where one is asked for
        self.first = first
        self.last = last
        self.escalated = escalated
        """Of a cascade, how many of the rows the second one answered."""

    @property
    def best(self) -> list[int]:
        """Of each row, the column of the largest probability."""
        return self.call.best[self.first : self.last]

    @property
    def probabilities(self) -> FloatArray:
        """Shape (n, classes)."""
        return self.call.probabilities[self.first : self.last]

    @property
    def numbers(self) -> list[list[float]]:
        """The probabilities again, as Python's numbers."""
        return self.call.numbers[self.first : self.last]


class Job(ABC):
    """A request that waits: raw rows, shape (n, features), and since when and until when.

    The rest is the batcher's. Who is told, and how, is for a subclass to say.
    """

    __slots__ = ("deadline", "expected_us", "inline", "queued", "rows", "size")

    is_in: ClassVar[bool] = False
    """Whether it is part of a request that has been let in, and answered in part: it is refused no more."""
    rows: Rows
    deadline: float | None
    size: int
    queued: float
    """When it began to wait, by `perf_counter`."""
    expected_us: float
    inline: bool
    """Whether it runs on the event loop."""

    @property
    @abstractmethod
    def is_over(self) -> bool:
        """Whether there is nobody left to tell."""

    @abstractmethod
    def succeed(self, answer: Answer) -> None:
        """Hear the answer."""

    @abstractmethod
    def fail(self, error: BaseException) -> None:
        """Hear that there is none: ExpiredError, InvalidRequestError, or whatever the runtime raised."""


def take(jobs: deque[Job], most: int) -> list[Job]:
    """Take the first of the jobs, those that go into one call of at most `most` rows: one at least."""
    batch = [jobs.popleft()]
    rows = batch[0].size
    while jobs and (rows := rows + jobs[0].size) <= most:
        batch.append(jobs.popleft())
    return batch


def run(runtime: Runtime, batch: Sequence[Job]) -> Call:
    """Run the batch."""
    start = perf_counter()
    if len(batch) == 1:
        rows = batch[0].rows.astype(np.float32, copy=False)
    else:
        rows = np.concatenate([job.rows for job in batch], dtype=np.float32, casting="same_kind")
    probabilities = runtime.predict(rows)
    return Call(probabilities, start, perf_counter())


def hand_over(job: Job, answer: Answer) -> None:
    """Give whoever waits the answer; one who cannot take it keeps nobody else from theirs."""
    if not job.is_over:
        try:
            job.succeed(answer)
        except Exception:  # the edge between those who share a call
            logger.exception("could not hand over an answer")


def tell(job: Job, error: BaseException) -> None:
    """Give whoever waits the error; as for an answer."""
    if not job.is_over:
        try:
            job.fail(error)
        except Exception:  # as above
            logger.exception("could not hand over an error")
