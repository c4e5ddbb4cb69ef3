"""A job for tests, whose answer can be awaited."""

from __future__ import annotations

import asyncio
from time import perf_counter

from service.engine.job import Answer, Job
from service.engine.runner import Runner
from service.wire.message import Rows


class Answering(asyncio.Future[Answer]):
    """The answer to a job."""

    def __init__(self, rows: Rows, deadline: float | None) -> None:
        super().__init__()
        self.job = _Asking(self, rows, deadline)


class _Asking(Job):
    """Tells a future."""

    is_over = False

    def __init__(self, told: Answering, rows: Rows, deadline: float | None) -> None:
        self.rows = rows
        self.deadline = deadline
        self.queued = perf_counter()
        self._told = told

    def succeed(self, answer: Answer) -> None:
        self.is_over = True
        self._told.set_result(answer)

    def fail(self, error: BaseException) -> None:
        self.is_over = True
        self._told.set_exception(error)


def submit(batcher: Runner, rows: Rows, deadline: float | None = None) -> Answering:
    """Submit rows. Raises OverloadedError; the answer raises what the job hears."""
    answering = Answering(rows, deadline)
    batcher.submit(answering.job)
    return answering


def give_up(batcher: Runner, answering: Answering) -> None:
    """Want the answer no more."""
    if answering.cancel():
        answering.job.is_over = True
        batcher.note_left()
