"""The Locust users: one that waits for its answers, and one that sends on a schedule."""

from __future__ import annotations

import time
from typing import Any

import gevent
from locust import User, constant, task

from loadtests.errors import ServiceError, WireError
from loadtests.generator.load import Load
from loadtests.generator.open_loop import OpenLoop
from loadtests.protocol.conversation import Conversation
from loadtests.workload.arrivals import poisson

_TIMEOUT_S = 60.0
_LEAD_S = 0.01  # between drawing the schedule and its first moment
_PAUSE_S = 0.1  # after a failure, so that a dead service is not asked a thousand times a second


class ClosedLoopUser(User):  # type: ignore[misc]  # Locust has no types
    """One client with one connection, that sends the next request when the last is answered.

    Set `wait_time` in a subclass, or `--think`, for one that thinks between requests.
    """

    abstract = True
    wait_time = constant(0)

    def on_start(self) -> None:
        self.load: Load = self.environment.predict.load()
        self.position = self.load.next_start()
        self.leaving = False
        self.conversation = Conversation(
            self.load.endpoint, timeout_s=_TIMEOUT_S, on_reconnection=self.load.note_reconnection
        )

    def on_stop(self) -> None:
        self.conversation.close()

    def stop(self, force: bool = False) -> Any:
        self.leaving = True
        return super().stop(force)

    @task  # type: ignore[untyped-decorator]
    def send_until_told_to_leave(self) -> None:
        """Send request after request: Locust's own turn of tasks costs as much as a request."""
        think_s = self.load.order.think_s
        while not self.leaving:
            self._ask()
            pause_s = think_s or self.wait_time()
            if pause_s:
                gevent.sleep(pause_s)
                self.conversation.look()

    def _ask(self) -> None:
        load, body = self.load, self.position
        self.position = load.following(body)
        sent = time.perf_counter()
        try:
            if not self.conversation.has_begun:
                self.conversation.begin()
                sent = time.perf_counter()
            status, content = self.conversation.exchange(load.requests[body])
        except (OSError, ServiceError, WireError) as error:
            cause = {ServiceError: "no connection", WireError: str(error)}.get(
                type(error), type(error).__name__
            )
            load.recorder.add_failure(
                sent, time.perf_counter(), body, status=0, reason=f"no answer ({cause})"
            )
            gevent.sleep(_PAUSE_S)
        else:
            load.recorder.add(sent, sent, sent, time.perf_counter(), body, status, content)


class OpenLoopUser(User):  # type: ignore[misc]
    """Sends its process's share of the arrivals at the moments that were drawn for it. One is enough."""

    abstract = True
    wait_time = constant(1)

    def on_start(self) -> None:
        self.load: Load = self.environment.predict.load()
        self.is_sending = self.load.claim_schedule()

    @task  # type: ignore[untyped-decorator]
    def send_on_schedule(self) -> None:
        """Draw the whole schedule, and then send it. Whoever comes second has nothing to do."""
        if not self.is_sending:
            return
        self.is_sending = False
        load, order = self.load, self.load.order
        moments = poisson(order.rate, order.seconds, seed=order.seed, part=load.part, parts=load.parts)
        try:
            with OpenLoop(load) as loop:
                loop.open()
                start = time.perf_counter() + _LEAD_S
                load.recorder.spawned = start
                loop.run(moments, start, load.next_start())
        except ServiceError as error:
            now = time.perf_counter()
            load.recorder.add_failure(now, now, 0, status=0, reason=f"no answer ({error})")
        finally:
            load.schedule_is_over.set()
