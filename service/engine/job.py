"""A request as the engine knows it: rows that wait, whoever waits for them, and the call they are run in."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import NamedTuple, Protocol

import numpy as np

from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from service.wire.message import Rows

logger = logging.getLogger("service")


class Answer(NamedTuple):
    """What a request gets: for each row the best column and the probabilities, and how long it took."""

    best: list[int]
    probabilities: FloatArray
    numbers: list[list[float]]
    """The probabilities again, as Python's numbers: a whole call's are converted at once."""
    wait_s: float
    infer_s: float
    """The duration of the call that the request shared, whoever else was in it."""


class Waiter(Protocol):
    """Whoever waits for an answer: a future, or what stands in for one where there is no task to await it."""

    def done(self) -> bool:
        """Whether there is nobody left to tell."""

    def set_result(self, answer: Answer, /) -> None: ...

    def set_exception(self, error: BaseException, /) -> None: ...


class Job(NamedTuple):
    """A request that waits: its rows, shape (n, features), and whoever wants the answer."""

    rows: Rows
    size: int
    answer: Waiter
    deadline: float | None
    expected_us: float
    inline: bool
    """Whether it runs on the event loop."""
    arrived: float


def count_for_call(sizes: Iterable[int], most: int) -> int:
    """Return how many of the jobs with these sizes go into a call of at most `most` rows: one at least."""
    total = count = 0
    for size in sizes:
        total += size
        if total > most:
            break
        count += 1
    return max(1, count)


def take(jobs: deque[Job], most: int) -> list[Job]:
    """Take the first of the jobs, those that go into one call of at most `most` rows."""
    return [jobs.popleft() for _ in range(count_for_call((job.size for job in jobs), most))]


def run(runtime: Runtime, batch: Sequence[Job]) -> tuple[FloatArray, float, float]:
    """Run the batch, and return its probabilities, shape (rows, classes), and when it began and ended."""
    start = perf_counter()
    if len(batch) == 1:
        rows = batch[0].rows.astype(np.float32, copy=False)
    else:
        rows = np.concatenate([job.rows for job in batch], dtype=np.float32, casting="same_kind")
    probabilities = runtime.predict(rows)
    return probabilities, start, perf_counter()


def tell(job: Job, outcome: Answer | BaseException) -> None:
    """Give whoever waits the answer, or the error; one who cannot take it keeps nobody else from theirs."""
    if job.answer.done():
        return
    try:
        if isinstance(outcome, Answer):
            job.answer.set_result(outcome)
        else:
            job.answer.set_exception(outcome)
    except Exception:  # the edge between those who share a call
        logger.exception("could not hand over an answer")
