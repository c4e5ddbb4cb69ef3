"""The Locust users: one that waits for its answers, and one that sends on a schedule."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import Event
from locust import User, constant, task

from loadtests.errors import ServiceError, WireError
from loadtests.generator.load import Load
from loadtests.generator.open_loop import OpenLoop
from loadtests.protocol.conversation import Conversation
from loadtests.workload.scenarios import SCENARIOS

_LEAD_S = 0.01  # between drawing the schedule and its first moment
_PAUSE_S = 0.1  # after a failure, so that a dead service is not asked a thousand times a second


class ClosedLoopUser(User):  # type: ignore[misc]  # Locust has no types
    """One client with one connection, that sends the next request when the last is answered.

    Told to leave, it finishes the request that is out. Set `wait_time` in a subclass, or `--think`, for one
    that thinks between requests.
    """

    abstract = True
    wait_time = constant(0)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.leaving = Event()
        self.heard = 0.0
        """When the last request was answered, or had failed."""

    def on_start(self) -> None:
        self.load: Load = self.environment.predict.load()
        self.position = self.load.next_start()
        self.conversation = Conversation(
            self.load.endpoint,
            timeout_s=self.load.order.timeout_s,
            on_reconnection=self.load.note_reconnection,
        )
        with suppress(ServiceError):  # the first request tries again, and fails where there is nobody
            self.conversation.open()

    def on_stop(self) -> None:
        self.conversation.close()

    def stop(self, force: bool = False) -> Any:
        self.leaving.set()
        return super().stop(force)

    @task  # type: ignore[untyped-decorator]
    def be_at_work(self) -> None:
        """Do it all in one task: Locust's own turn of tasks costs as much as a request."""
        self.send_until_told_to_leave()

    def send_until_told_to_leave(self) -> None:
        while not self.leaving.is_set():
            pause_s = self.ask()
            if pause_s:
                self.leaving.wait(pause_s)
                self.conversation.look()

    def ask(self) -> float:
        """Send a request and record what came; return how long to wait before the next.

        The latency runs from the moment in which the user wants to send: opening a connection in place of one
        that is gone is part of it.
        """
        load, body = self.load, self.position
        self.position = load.following(body)
        wanted = sent = time.perf_counter()
        try:
            if not self.conversation.is_open:
                self.conversation.open()
                sent = time.perf_counter()
            status, content = self.conversation.exchange(load.requests[body])
        except (OSError, ServiceError, WireError) as error:
            load.unanswered += isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
            self._fail(wanted, sent, body, _cause(error))
            return _PAUSE_S + self._think_s()
        except gevent.GreenletExit:
            self._fail(wanted, sent, body, "given up when its user had to leave")
            raise
        self.heard = time.perf_counter()
        reason = load.reason(self.conversation.head)
        load.recorder.add(wanted, wanted, sent, self.heard, body, status, content, reason)
        return self._think_s()

    def _think_s(self) -> float:
        return float(self.load.order.think_s or self.wait_time())

    def _fail(self, wanted: float, sent: float, body: int, cause: str) -> None:
        self.heard = time.perf_counter()
        self.load.recorder.add_failure(
            sent, self.heard, body, status=0, reason=f"no answer ({cause})", scheduled=wanted
        )


def _cause(error: Exception) -> str:
    if isinstance(error, ServiceError):
        return "no connection"
    return str(error) if isinstance(error, WireError) else type(error).__name__


class OpenLoopUser(User):  # type: ignore[misc]
    """Sends its process's share of the arrivals at the moments that were drawn for it. One is enough."""

    abstract = True
    wait_time = constant(1)

    def on_start(self) -> None:
        self.load: Load = self.environment.predict.load()
        self.is_sending = self.load.claim_schedule()
        self.loop: OpenLoop | None = None

    def stop(self, force: bool = False) -> Any:
        if not force and self.loop is not None:
            self.loop.leave()
        return super().stop(force)

    @task  # type: ignore[untyped-decorator]
    def send_on_schedule(self) -> None:
        """Draw the whole schedule, and then send it. Whoever comes second has nothing to do."""
        if not self.is_sending:
            return
        self.is_sending = False
        load, order = self.load, self.load.order
        draw = SCENARIOS[order.scenario].draw
        moments = draw(order.rate, order.seconds, seed=order.seed, part=load.part, parts=load.parts)
        try:
            with OpenLoop(load) as loop:
                self.loop = loop
                loop.open()
                start = time.perf_counter() + _LEAD_S
                load.recorder.spawned = start
                loop.run(moments, start, load.next_start())
        except ServiceError as error:
            now = time.perf_counter()
            load.recorder.add_failure(now, now, 0, status=0, reason=f"no answer ({error})")
        finally:
            load.schedule_is_over.set()
