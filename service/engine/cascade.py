"""Two variants that answer as one: rows on which the first is not sure go on to the second."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from service.engine.escalation import Escalation
from service.engine.job import Answer, Call, Job, hand_over, tell
from service.engine.runner import Runner


class Cascade:
    """Has the rungs' own runners answer, which others may ask as well.

    All jobs that share a call of the first are handed on in one turn of the event loop, so that the rows of
    several requests share a call of the second.
    """

    def __init__(self, first: Runner, second: Runner, *, threshold: float, escalation: Escalation) -> None:
        """The first one's answer stands where its largest probability is at least `threshold`."""
        self._first = first
        self._second = second
        self._threshold = threshold
        self.escalation = escalation
        self._call: Call | None = None  # of the first rung, the last one that was handed over
        self._unsure: list[int] = []  # rows of that call, in ascending order

    @property
    def calls(self) -> int:
        """How many calls of a model the rungs have made, whoever asked them."""
        return self._first.calls + self._second.calls

    @property
    def inline_rows(self) -> int:
        """A request of so many rows, at most, is run on the event loop, though all of them go on."""
        return min(self._first.inline_rows, self._second.inline_rows)

    @property
    def longest_us(self) -> float:
        """The longest that a request may expect to wait, in microseconds, at either rung."""
        return self._first.longest_us

    def check_room(self, rows: int) -> None:
        """Raise OverloadedError where either rung has no room.

        Whoever is let in stays in: what the first rung has done for them would be lost.
        """
        self._first.check_room(rows)
        self._second.check_room(self.escalation.most(rows))

    def least_us(self, rows: int) -> float:
        """Return what `rows` rows take when nothing whatever is in their way, in microseconds."""
        return self._first.least_us(rows)

    def cost_us(self, rows: int) -> float:
        """Return what `rows` rows take when nothing waits, in microseconds: hardly ever more than that."""
        return self._first.cost_us(rows) + self._second.cost_us(self.escalation.most(rows))

    def waiting_us(self, rows: int) -> float:
        """Return what a request of `rows` rows would wait for, in microseconds.

        What waits for the second rung is worked off while the first is at its own.
        """
        most = self.escalation.most(rows)
        return max(self._first.waiting_us(rows), self._second.waiting_us(most))

    def forget(self, quiet_s: float) -> None:
        """Hear that nobody has asked for so long: what contention taught may be over at each rung."""
        self._first.forget(quiet_s)
        self._second.forget(quiet_s)

    def submit(self, job: Job) -> None:
        """Queue a job, of now. Raises OverloadedError; whatever else comes of it, the job hears later."""
        job.size = len(job.rows)
        self._second.check_room(self.escalation.most(job.size))
        job.inline = job.size <= self.inline_rows
        self._first.submit(_First(self, job))

    def run_quick(self) -> None:
        """Make a call of what waits for the event loop, at each rung, now."""
        self._first.run_quick()
        self._second.run_quick()

    def note_left(self) -> None:
        """Hear that a job is over: its place is wanted back, at whichever rung it is."""
        self._first.note_left()
        self._second.note_left()

    def go_on(self, job: Job, answer: Answer) -> None:
        """Take the first rung's answer, and ask the second for the rows that it leaves open, if any."""
        if answer.call is not self._call:  # the first job of those that share it
            largest = np.maximum.reduce(answer.call.probabilities, axis=1)
            self._call, self._unsure = answer.call, (largest < self._threshold).nonzero()[0].tolist()
        begin = bisect_left(self._unsure, answer.first)
        end = bisect_left(self._unsure, answer.last, begin)
        self.escalation.count(job.size, end - begin)
        if end > begin:
            self._second.submit(_Rest(job, answer, self._unsure[begin:end]))
        else:
            answer.escalated = 0
            hand_over(job, answer)


class _Rung(Job):
    """Rows of a job, as one rung has them."""

    __slots__ = ("_job",)

    _job: Job

    @property
    def is_over(self) -> bool:
        return self._job.is_over

    def fail(self, error: BaseException) -> None:
        tell(self._job, error)


class _First(_Rung):
    """All rows."""

    __slots__ = ("_cascade",)

    def __init__(self, cascade: Cascade, job: Job) -> None:
        self._cascade = cascade
        self._job = job
        self.rows, self.deadline, self.queued = job.rows, job.deadline, job.queued

    def succeed(self, answer: Answer) -> None:
        try:
            self._cascade.go_on(self._job, answer)
        except Exception as error:  # whoever waits must hear of it
            self.fail(error)


class _Rest(_Rung):
    """Those rows of which the first rung's answer does not stand."""

    __slots__ = ("_answer", "_places")
    is_in = True

    def __init__(self, job: Job, answer: Answer, rows: list[int]) -> None:
        """`rows` are those of the call that the answer is of."""
        self._job = job
        self._answer = answer
        self._places = [row - answer.first for row in rows]
        self.rows = job.rows if len(rows) == job.size else job.rows[self._places]
        self.deadline, self.queued = job.deadline, answer.call.end

    def succeed(self, answer: Answer) -> None:
        try:
            merged = self._merged(answer)
        except Exception as error:  # as above
            self.fail(error)
        else:
            hand_over(self._job, merged)

    def _merged(self, rest: Answer) -> Answer:
        """Return both answers as of one call, which took as long as the two."""
        probabilities, size = rest.probabilities, self._job.size
        if len(self._places) < size:
            probabilities = self._answer.probabilities.copy()
            probabilities[self._places] = rest.probabilities
        first, second = self._answer.call, rest.call
        took_s = (first.end - first.start) + (second.end - second.start)
        return Answer(
            Call(probabilities, second.end - took_s, second.end), 0, size, escalated=len(self._places)
        )
