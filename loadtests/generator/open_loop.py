"""Sends requests at moments drawn beforehand, whether the last ones are answered or not.

A closed loop waits for the slow answer before it sends the next request, and so does not see what those
felt who would have come meanwhile (coordinated omission: Tene, How NOT to Measure Latency, 2013). Here the
latency runs from the scheduled moment.
"""

from __future__ import annotations

import time
from collections import deque
from math import inf
from types import TracebackType
from typing import Any, Self

import gevent
from gevent.event import Event

from loadtests.errors import ServiceError, WireError
from loadtests.generator.line import Line
from loadtests.generator.load import Load
from loadtests.rig.alarm import Alarm
from loadtests.workload.arrays import Floats

CONNECTIONS_FIRST = 32
CONNECTIONS_MAX = 1024
GRACE_S = 10.0  # for answers that are still out when the last request is sent

_BURST = 4  # requests sent in a row before answers are read
# A core that sleeps takes 0.1 ms to wake, which is a tenth of a quick answer. So the loop turns without
# sleeping from here to a moment, where the order allows it.
_AWAKE_S = 200e-6
_AT_ONCE_S = 0.01  # after an answer: whoever closes so soon has not waited for the next request
_LOOK_S = 0.25  # between two looks at how many were late, and whether the grace is over
_EMPTY_TURN_S = 20e-6  # a turn of the loop in which there was nothing to do takes less


class OpenLoop:
    """Sends one load's requests. Leaving the `with` block closes its connections.

    All is done in callbacks of gevent's loop: no greenlet has to be woken for an answer, and whoever has
    dealt with one sends what has become due meanwhile. A request that finds no free connection waits for
    one, and a new one is opened; where no more may be, it waits as it would in a client with a pool of them.
    Its latency runs from its scheduled moment all the same.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._most = min(load.order.connections or CONNECTIONS_MAX, CONNECTIONS_MAX)
        self._awake_s = _AWAKE_S if load.order.stays_awake else 0.0
        self._grace_s = min(GRACE_S, load.order.timeout_s)
        self._lines: set[Line] = set()
        self._idle: list[Line] = []
        self._opening = 0  # connections that are not there yet
        self._closed = 0  # by the service between two requests, and not replaced yet
        self._waiting: deque[tuple[float, int]] = deque()  # moment and body, for want of a connection
        self._out = 0
        self._moments = [inf]
        self._place = 0  # of the next moment
        self._body = 0
        self._looked = 0.0  # when a turn of the loop ended in which there was nothing to do; 0 after others
        self._until = inf  # when the grace is over
        self._is_over = Event()
        self._alarm = Alarm(self._stay_awake)
        self._awake: Any = gevent.get_hub().loop.idle()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_up("given up when the load was ended")  # nothing is out, but where it was
        self._awake.stop()
        self._awake.close()
        self._alarm.close()
        for line in self._lines:
            line.close()
        self._most = 0  # for those that are still being opened

    def open(self, connections: int = CONNECTIONS_FIRST) -> None:
        """Open connections ahead. Raises ServiceError where nobody answers."""
        for _ in range(min(connections, self._most)):
            self._idle.append(self._new_line())

    def run(self, moments: Floats, start: float, first: int) -> None:
        """Send a request at each of the ascending `moments`, shape (n,), seconds after `start`.

        `start` is of `time.perf_counter`; `first` is the body to begin with. Returns when all have been
        answered, or the grace is over: those still out are recorded as not answered.
        """
        last = start + float(moments[-1]) if len(moments) else start
        self._moments = [*(moments + start).tolist(), inf]
        self._place, self._body = 0, first
        self._until = max(last, time.perf_counter()) + self._grace_s
        self._is_over.clear()  # a connection that came and went before has set it
        self._stay_awake()
        self._see_whether_it_is_over()
        self._wait(start + self._load.order.warmup_s)
        self._give_up(f"none within {self._grace_s:g} s of the last request")

    def leave(self) -> None:
        """Send nothing more: what is out by now has its grace, and `run` returns."""
        self._moments, self._place = [inf], 0
        self._until = min(self._until, time.perf_counter() + self._grace_s)
        self._see_whether_it_is_over()

    def _wait(self, since: float) -> None:
        """Wait for the end, and look now and then whether there is still something to find out by it."""
        order, recorder = self._load.order, self._load.recorder
        bound_s, seen, late = order.late_ms / 1000, len(recorder), 0
        while not self._is_over.wait(_LOOK_S) and (now := time.perf_counter()) < self._until:
            if order.late_max < 0:
                continue
            late += recorder.late(seen, since, bound_s)
            seen = len(recorder)
            out = [line.scheduled for line in self._lines if line.body >= 0]
            out += [scheduled for scheduled, _ in self._waiting]
            overdue = sum(since <= moment < now - bound_s for moment in out)
            if late + overdue > order.late_max:
                recorder.given_up = now
                self._moments, self._place = [inf], 0
                self._give_up(f"given up, as more than {order.late_max} were late")
                return

    def _stay_awake(self) -> None:
        """Look at the clock in every turn of the loop in which nothing happens."""
        self._looked = 0.0
        if not self._awake.active:
            self._awake.start(self._look)

    def _look(self) -> None:
        """Send what is due; count the time in which nothing was; and sleep if nothing will be for long."""
        now = time.perf_counter()
        if now - self._looked < _EMPTY_TURN_S:
            self._load.awake_s += now - self._looked
        self._looked = now
        following = self._moments[self._place]
        if following <= now:
            self._send_due()
            following = self._moments[self._place]
        if following - now > self._awake_s:
            self._awake.stop()
            if following < inf:
                self._alarm.set(following - self._awake_s)

    def _send_due(self) -> None:
        """Send what is due by now, but a few at most."""
        self._looked = 0.0
        for _ in range(_BURST):
            moment = self._moments[self._place]
            if moment > time.perf_counter():
                return
            self._place += 1
            body, self._body = self._body, self._load.following(self._body)
            if self._idle:
                self._send(self._idle.pop(), moment, moment, body)
            else:
                self._waiting.append((moment, body))
                self._open_another()

    def _send(self, line: Line, scheduled: float, due: float, body: int) -> None:
        line.scheduled, line.due, line.body = scheduled, due, body
        self._out += 1
        line.sent = time.perf_counter()
        try:
            if not line.connection.push(self._load.requests[body]):
                line.writer.start(self._on_room, line)
        except OSError as error:
            self._lose(line, error)

    def _on_room(self, line: Line) -> None:
        """Go on with a request that was more than the system took at once."""
        self._looked = 0.0
        try:
            if line.connection.push():
                line.writer.stop()
        except OSError as error:
            self._lose(line, error)

    def _on_answer(self, line: Line) -> None:
        self._looked = 0.0
        try:
            answer = line.connection.poll()
            if answer is not None:
                self._take(line, *answer)
        except (OSError, WireError) as error:
            self._lose(line, error)
        if self._moments[self._place] <= time.perf_counter():
            self._send_due()
        self._see_whether_it_is_over()

    def _take(self, line: Line, status: int, content: bytes) -> None:
        """Record an answer and let the next request have the connection. Raises WireError."""
        done = time.perf_counter()
        if line.body < 0:
            raise WireError("an answer to nothing")
        reason = self._load.reason(line.connection.head)
        self._load.recorder.add(line.scheduled, line.due, line.sent, done, line.body, status, content, reason)
        line.body, line.done = -1, done
        self._out -= 1
        if line.connection.is_open and not line.writer.active:
            self._offer(line, done)
        else:
            self._lose(line)

    def _offer(self, line: Line, now: float) -> None:
        """Give a free connection to the request that has waited longest, if there is one."""
        if self._waiting:
            scheduled, body = self._waiting.popleft()
            self._send(line, scheduled, max(scheduled, now), body)
        else:
            self._idle.append(line)

    def _lose(self, line: Line, error: Exception | None = None) -> None:
        """Close a connection; what was out on it is a failure, unless it cannot have been read."""
        connection = line.connection
        if connection.is_open and (line.body >= 0 or time.perf_counter() - line.done < _AT_ONCE_S):
            self._load.endpoint.note_closed(connection.answers)
        if line.body < 0:
            self._closed += 1
        elif connection.answers and connection.is_untouched:
            self._closed += 1
            self._waiting.appendleft((line.scheduled, line.body))
            line.body = -1
            self._out -= 1
        else:
            cause = str(error) if isinstance(error, WireError) else type(error).__name__
            self._fail(line, f"no answer ({cause})")
        line.close()
        self._lines.discard(line)
        if line in self._idle:
            self._idle.remove(line)
        if self._waiting:
            self._open_another()
        self._see_whether_it_is_over()

    def _open_another(self) -> None:
        if len(self._lines) + self._opening < self._most:
            self._opening += 1
            gevent.spawn(self._open_for_whoever_waits)

    def _open_for_whoever_waits(self) -> None:
        """Open a connection. Where none can be, the request that has waited longest fails."""
        try:
            line = self._new_line()
        except ServiceError:
            self._opening -= 1
            if self._waiting:
                scheduled, body = self._waiting.popleft()
                self._fail_unsent(scheduled, body, "no answer (no connection)")
                self._see_whether_it_is_over()
            return
        self._opening -= 1
        if self._most:
            self._offer(line, time.perf_counter())
        else:
            line.close()

    def _new_line(self) -> Line:
        line = Line(self._load.endpoint.connect(timeout_s=None))
        self._lines.add(line)
        if self._closed:
            self._closed -= 1
            self._load.note_reconnection()
        line.reader.start(self._on_answer, line)
        return line

    def _see_whether_it_is_over(self) -> None:
        if not self._out and not self._waiting and self._moments[self._place] == inf:
            self._is_over.set()

    def _fail(self, line: Line, reason: str) -> None:
        self._load.recorder.add_failure(
            line.sent, time.perf_counter(), line.body, status=0, reason=reason, scheduled=line.scheduled
        )
        line.body = -1
        self._out -= 1

    def _fail_unsent(self, scheduled: float, body: int, reason: str) -> None:
        now = time.perf_counter()
        self._load.recorder.add_failure(now, now, body, status=0, reason=reason, scheduled=scheduled)

    def _give_up(self, why: str) -> None:
        for line in self._lines:
            if line.body >= 0:
                self._fail(line, f"no answer ({why})")
        for scheduled, body in self._waiting:
            self._fail_unsent(scheduled, body, f"not sent: none of {self._most} connections came free")
        self._waiting.clear()
