"""Sends requests at moments drawn beforehand, whether the last ones are answered or not.

A closed loop waits for the slow answer before it sends the next request, and so does not see what those
felt who would have come meanwhile (coordinated omission: Tene, How NOT to Measure Latency, 2013). Here the
latency runs from the scheduled moment.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import gevent
from gevent.event import Event

from loadtests.alarm import Alarm
from loadtests.errors import ServiceError, WireError
from loadtests.load import Load
from loadtests.open_loop_limits import CONNECTIONS_FIRST, CONNECTIONS_MAX, GRACE_S
from loadtests.samples import Floats
from loadtests.wire import Connection

_BURST = 4  # requests sent in a row before answers may be read


class _Line:
    """A connection, and the request that is out on it."""

    __slots__ = ("body", "connection", "due", "scheduled", "sent")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.body = -1  # none is out
        self.scheduled = 0.0
        self.due = 0.0
        self.sent = 0.0


class OpenLoop:
    """Sends one load's requests. Leaving the `with` block closes its connections.

    The one who sends never waits for an answer: for each connection a greenlet of its own does. A request
    that finds no free connection gets a new one. Where no more may be opened, it waits for one, as a client
    with a pool of them would: its latency runs from its scheduled moment all the same.
    """

    def __init__(self, load: Load, host: str) -> None:
        self._load = load
        self._host = host
        self._idle: list[_Line] = []
        self._lines: set[_Line] = set()
        self._readers: list[Any] = []
        self._out = 0
        self._most = min(load.order.connections or CONNECTIONS_MAX, CONNECTIONS_MAX)
        self._freed = Event()
        self._freed.set()  # cleared while a request waits
        self._patience_s = GRACE_S  # none is left once it was in vain
        self._freed_at = 0.0  # when the last request that waited for a connection got one

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gevent.killall(self._readers)
        for line in self._lines:
            line.connection.close()

    def open(self, connections: int = CONNECTIONS_FIRST) -> None:
        """Open connections ahead. Raises ServiceError where nobody answers."""
        for _ in range(min(connections, self._most)):
            self._idle.append(self._new_line())

    def run(self, moments: Floats, start: float, first: int) -> None:
        """Send a request at each of the ascending `moments`, shape (n,), seconds after `start`.

        `start` is of `time.perf_counter`; `first` is the body to begin with. Returns when all have been
        answered, or the grace is over: those still out are recorded as not answered.
        """
        body = first
        row = 0
        with Alarm() as alarm:
            for moment in (moments + start).tolist():
                if moment > time.perf_counter():
                    alarm.wait_until(moment)
                    row = 0
                elif (row := row + 1) >= _BURST:
                    gevent.sleep(0)
                    row = 0
                self._send(moment, body)
                body = self._load.following(body)
        deadline = time.perf_counter() + GRACE_S
        while self._out and time.perf_counter() < deadline:
            gevent.sleep(0.005)
        self._give_up()

    def _send(self, scheduled: float, body: int) -> None:
        try:
            line = self._free_line()
        except (ServiceError, WireError) as error:
            now = time.perf_counter()
            reason = "no answer (no connection)" if isinstance(error, ServiceError) else str(error)
            self._load.recorder.add_failure(now, now, body, status=0, reason=reason, scheduled=scheduled)
            return
        line.scheduled, line.body = scheduled, body
        line.due = max(scheduled, self._freed_at)
        self._out += 1
        line.sent = time.perf_counter()
        try:
            line.connection.send(self._load.requests[body])
        except OSError as error:
            self._fail(line, type(error).__name__)
            line.connection.close()

    def _free_line(self) -> _Line:
        """Return a connection on which nothing is out. Raises WireError where none comes free."""
        if not self._idle and len(self._lines) < self._most:
            return self._new_line()
        while not self._idle:
            self._freed.clear()
            if not self._freed.wait(self._patience_s):
                self._patience_s = 0.0
                raise WireError(f"not sent: none of {self._most} connections came free in {GRACE_S:g} s")
            if not self._idle and len(self._lines) < self._most:  # one was closed
                return self._new_line()
        return self._idle.pop()

    def _new_line(self) -> _Line:
        line = _Line(Connection(self._host, timeout_s=None))
        self._lines.add(line)
        self._readers.append(gevent.spawn(self._read, line))
        return line

    def _read(self, line: _Line) -> None:
        """Take the answers of one connection down for as long as it is open."""
        connection = line.connection
        try:
            while True:
                status, content = connection.receive()
                done = time.perf_counter()
                if line.body < 0:
                    raise WireError("an answer to nothing")
                self._load.recorder.add(line.scheduled, line.due, line.sent, done, line.body, status, content)
                line.body = -1
                self._out -= 1
                if not connection.is_open:
                    break
                self._offer(line, done)
        except (OSError, WireError) as error:
            if line.body >= 0:
                self._fail(line, str(error) if isinstance(error, WireError) else type(error).__name__)
        finally:
            connection.close()
            self._lines.discard(line)
            with suppress(ValueError):  # an idle connection may end as well
                self._idle.remove(line)
            self._freed.set()

    def _offer(self, line: _Line, now: float) -> None:
        """Let the next request have a connection."""
        self._idle.append(line)
        if not self._freed.is_set():
            self._freed_at = now
            self._freed.set()

    def _fail(self, line: _Line, cause: str) -> None:
        self._load.recorder.add_failure(
            line.sent,
            time.perf_counter(),
            line.body,
            status=0,
            reason=f"no answer ({cause})",
            scheduled=line.scheduled,
        )
        line.body = -1
        self._out -= 1

    def _give_up(self) -> None:
        for line in self._lines:
            if line.body >= 0:
                self._fail(line, f"none within {GRACE_S:g} s of the last request")
