"""Makes one call of all that waits: whatever is there when a runtime is free becomes the next batch.

There is no timer and no knob. Requests that arrive in one turn of the event loop share a call, and one that
is alone is run at once; while a slow call runs in a thread, those that arrive wait for the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isfinite
from time import perf_counter

import numpy as np

from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from bundle.runtimes.base import BATCH_MAX
from service.engine.cost import Cost
from service.engine.job import Answer, Call, Job, hand_over, run, take, tell
from service.engine.lanes import Lanes
from service.errors import ExpiredError, InvalidRequestError, OverloadedError

logger = logging.getLogger("service")

_NOT_FINITE = "the model has no finite answer to these rows"
_SWEEP_S = 0.01  # between two looks through all that wait for the event loop, for those who left
_EXPIRED = "the time that the request allows was over before inference"


class Batcher:
    """The queues of one variant, the runtimes that empty them, and what their calls cost.

    Requests that are quick wait for the event loop alone, which is never long; the others for a thread.
    A runtime serves one call at a time. There is one from the start, and another is opened where a call finds
    none free: never more than there are threads, and one for the event loop.
    """

    def __init__(
        self,
        runtime: Runtime,
        open_another: Callable[[], Runtime],
        *,
        cost: Cost,
        lanes: Lanes,
        observe: Callable[[int, float], None],
    ) -> None:
        self.calls = 0
        """How many have been made."""
        self._cost = cost
        self._idle = [runtime]
        self._open_another = open_another
        self._admission = lanes.admission
        self._lanes = lanes
        self._observe = observe
        self.inline_rows = min(BATCH_MAX, cost.rows_within(lanes.inline_us))
        """A request of so many rows, at most, is run on the event loop, where it holds up nobody for long."""
        self._slow_rows = min(BATCH_MAX, max(1, cost.rows_within(lanes.call_us)))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._quick: deque[Job] = deque()
        self._slow: deque[Job] = deque()
        self._scheduled = False
        self._waits_since = 0.0  # when the first job of this turn came, if any did
        self._asked = False
        self._someone_left = False
        self._sweep_at = 0.0
        self._busy_since: float | None = None  # when the last call on the loop ended, if some waited on

    def check_room(self, rows: int) -> None:
        """Raise OverloadedError where a request of `rows` rows, or of one, could not be submitted now."""
        self._admission.check(1, inline=rows <= self.inline_rows)

    @property
    def longest_us(self) -> float:
        """The longest that a request may expect to wait, in microseconds: beyond it, it is refused."""
        return self._admission.max_us

    def least_us(self, rows: int) -> float:
        """Return what `rows` rows take when nothing whatever is in their way, in microseconds."""
        return self._cost.least_us(rows)

    def cost_us(self, rows: int) -> float:
        """Return what `rows` rows take when nothing waits, in microseconds: hardly ever more than that."""
        return self._cost.high_us(rows)

    def waiting_us(self, rows: int) -> float:
        """Return what a request of `rows` rows would wait for before its turn, in microseconds.

        That holds for how long it must expect to lie unread.
        """
        waiting_us = self._admission.waiting_us(inline=rows <= self.inline_rows)
        return waiting_us + self._lanes.lag.us(perf_counter())

    def forget(self, quiet_s: float) -> None:
        """Hear that it has made no call for so long: what contention taught of its cost may be over."""
        self._cost.forget(quiet_s)

    def submit(self, job: Job) -> None:
        """Queue a job, of now. Raises OverloadedError; whatever else comes of it, the job hears later."""
        size = len(job.rows)
        inline = size <= self.inline_rows
        queue, most = (self._quick, self.inline_rows) if inline else (self._slow, self._slow_rows)
        expected_us = self._cost.added_us(size, most=most, is_first=not queue)
        self._admission.admit(size, expected_us, inline=inline, is_in=job.is_in)
        job.size, job.expected_us, job.inline = size, expected_us, inline
        queue.append(job)
        if not self._scheduled:
            self._waits_since = job.queued
            self._schedule(self._running_loop())

    def run_quick(self) -> None:
        """Make a call of what waits for the event loop, now."""
        now = perf_counter()
        if now > self._sweep_at:  # seldom: it takes as long as many wait, and a call has few of them
            self._sweep_at = now + _SWEEP_S
            self._quick = deque(self._without_the_lost(self._quick))
        batch = self._without_the_lost(take(self._quick, self.inline_rows)) if self._quick else None
        if batch:
            self._call_inline(batch)
        elif not self._quick:  # whoever waited on has gone
            self._busy_since = None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop, always the same one: asking for it costs a system call."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def note_left(self) -> None:
        """Hear that a job is over: its place is free within this turn, or of quick calls at a sweep."""
        self._someone_left = True
        self._schedule(self._running_loop())

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._pump, loop)

    def _pump(self, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduled = False
        now = perf_counter()
        since, self._waits_since = self._waits_since or now, 0.0
        if self._someone_left:
            self._someone_left = False
            self._slow = deque(self._without_the_lost(self._slow))
        if self._slow and not self._asked:
            self._asked = True
            self._lanes.ask(partial(self._start_call, loop))
        if self._quick:
            # Where some waited on, calls get as long as the loop had for its other work meanwhile: with a
            # call a turn, a turn full of requests to read and to refuse would leave hardly any to answer.
            until = 2 * now - (self._busy_since or now)
            self.run_quick()
            while self._quick and perf_counter() < until:
                self.run_quick()
            if self._quick:
                self._schedule(loop)
        end = perf_counter()
        self._lanes.lag.note(end - since, end)

    def _call_inline(self, batch: Sequence[Job]) -> None:
        try:
            runtime = self._idle.pop() if self._idle else self._open_another()
            call = run(runtime, batch)
        except Exception as error:  # the edge of a batch: whoever waits must hear of it
            self._busy_since = None
            self._fail(batch, error)
        else:
            # Where some wait, the loop's other work lies before the first call of a turn, and they wait for
            # that as well. Where it is long, `learn` takes a part of it, and waits exceed what was expected.
            busy_since, self._busy_since = self._busy_since, call.end if self._quick else None
            self._cost.learn(len(call.probabilities), (call.end - (busy_since or call.start)) * 1e6)
            self._finish(batch, runtime, call)

    def _start_call(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Start a call in the lane that is free; tell whether there was anything to call for."""
        self._asked = False
        self._slow = deque(self._without_the_lost(self._slow))
        if not self._slow:
            return False
        batch = take(self._slow, self._slow_rows)
        free = self._idle.pop() if self._idle else None
        try:
            future = loop.run_in_executor(self._lanes.threads, self._call_in_thread, free, batch)
        except RuntimeError:
            self._fail(batch, OverloadedError("no thread can be started", retry_after_s=1))
            return False
        future.add_done_callback(partial(self._landed, batch))
        self._schedule(loop)
        return True

    def _call_in_thread(self, runtime: Runtime | None, batch: list[Job]) -> tuple[Runtime, Call]:
        runtime = runtime or self._open_another()
        return runtime, run(runtime, batch)

    def _landed(self, batch: list[Job], done: asyncio.Future[tuple[Runtime, Call]]) -> None:
        try:
            error = asyncio.CancelledError() if done.cancelled() else done.exception()
            if error is not None:
                self._fail(batch, error)
            else:
                runtime, call = done.result()
                self._cost.learn(len(call.probabilities), (call.end - call.start) * 1e6)
                self._finish(batch, runtime, call)
        finally:
            self._lanes.leave()

    def _without_the_lost(self, jobs: Iterable[Job]) -> list[Job]:
        """Release the jobs whose client went away or whose time is over, before they cost inference."""
        now = perf_counter()
        kept = []
        for job in jobs:
            if job.is_over or (job.deadline is not None and now > job.deadline):
                self._admission.release(job.size, job.expected_us, inline=job.inline)
                tell(job, ExpiredError(_EXPIRED))
            else:
                kept.append(job)
        return kept

    def _finish(self, batch: Sequence[Job], runtime: Runtime, call: Call) -> None:
        probabilities = call.probabilities
        self._settle(runtime, len(probabilities), call.end - call.start)
        self._release(batch)
        finite = _is_finite(probabilities)
        row = 0
        for job in batch:
            first, row = row, row + job.size
            if finite or _is_finite(probabilities[first:row]):
                hand_over(job, Answer(call, first, row))
            else:
                tell(job, InvalidRequestError(_NOT_FINITE))

    def _settle(self, runtime: Runtime, rows: int, took_s: float) -> None:
        """Take back a runtime that has done its call, and tell how long that took."""
        self._idle.append(runtime)
        self.calls += 1
        try:
            self._observe(rows, took_s)
        except Exception:  # whoever counts must not cost an answer
            logger.exception("could not count a call of the model")

    def _fail(self, batch: Sequence[Job], error: BaseException) -> None:
        """Tell everyone in the batch; the runtime that failed is not used again."""
        self._release(batch)
        for job in batch:
            tell(job, error)

    def _release(self, batch: Sequence[Job]) -> None:
        """Count a whole call out: all in it run at the same place."""
        rows, expected_us = 0, 0.0
        for job in batch:
            rows += job.size
            expected_us += job.expected_us
        self._admission.release(rows, expected_us, inline=batch[0].inline)


def _is_finite(probabilities: FloatArray) -> bool:
    return isfinite(float(np.vdot(probabilities, probabilities)))
