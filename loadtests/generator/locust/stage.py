"""Where the users of one load wait for their turn, and what they say of it when it is over."""

from __future__ import annotations

import time
from contextlib import suppress
from math import inf
from typing import Any

from gevent.event import Event
from gevent.queue import SimpleQueue

from loadtests.errors import LoadTestError, ServiceError
from loadtests.generator.load import Load
from loadtests.generator.locust.users import ClosedLoopUser

_SLACK_S = 0.5  # beyond the time-out, by which a user has given up by itself
_END_S = 5.0  # for users who have just been told that they waited long enough


class Stage:
    """The users of one load. Locust's environment of the load has it as its `predict`."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._users: list[StagedUser] = []
        self.gave_up = 0
        """Requests given up at the time-out. After one there are no more turns: what the service still does
        for it must not be done in the turn of another."""

    def load(self) -> Load:
        return self._load

    def join(self, user: StagedUser) -> int:
        """Let a user in that has connected; return how many were there before."""
        self._users.append(user)
        return len(self._users) - 1

    @property
    def is_full(self) -> bool:
        return len(self._users) == self._load.order.users

    def call(self) -> Cue:
        """Have all users look at their connections, and wait for their cue."""
        cue = Cue(len(self._users))
        for user in self._users:
            user.cues.put(cue)
        cue.ready.wait()
        return cue

    def play(self, cue: Cue, start: float, seconds: float) -> float:
        """Let the users go, now that it is `start`, for so many seconds.

        Return when the last answer was in, or given up. Raises LoadTestError where a user is gone.
        """
        cue.until = start + seconds
        cue.go.set()
        order = self._load.order
        if not cue.done.wait(seconds + 2 * order.timeout_s + order.think_s + _SLACK_S):  # of two requests
            for user in self._users:
                if user.is_out:
                    user.greenlet.kill(TimeoutError, block=False)
            if not cue.done.wait(_END_S):
                raise LoadTestError(f"the users of {self._load.target} did not come to an end")
        self.gave_up = self._load.unanswered
        return max(start, *(user.heard for user in self._users))


class Cue:
    """One turn of a load."""

    def __init__(self, users: int) -> None:
        self.ready = Countdown(users)
        """Users who are not ready yet."""
        self.go = Event()
        self.until = inf
        """From when on nobody begins another request."""
        self.done = Countdown(users)
        """Users who are still at work."""
        self.firsts: list[int] = []
        """The sample of each user's first request."""
        self.firsts_s = 0.0
        """The time that the users spent on them together."""
        self.worked_s = 0.0
        """The time that the users spent on all their requests together, those included."""


class Countdown:
    """So many are waited for."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._event = Event()

    def strike(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._event.set()

    def wait(self, seconds: float | None = None) -> bool:
        return bool(self._event.wait(seconds))


class StagedUser(ClosedLoopUser):
    """A client who stays connected, and sends only while it is its load's turn."""

    abstract = True

    def on_start(self) -> None:
        super().on_start()
        self.cues: Any = SimpleQueue()
        self.is_out = False
        self.number = self.environment.predict.join(self)

    def send_until_told_to_leave(self) -> None:
        """Send in one turn after another."""
        while not self.leaving.is_set():
            cue: Cue = self.cues.get()
            # It was closed because we were idle, by our own plan. One that the service has said it would
            # close after its last answer is the next request's to replace.
            if self.conversation.look():
                with suppress(ServiceError):
                    self.conversation.open()
            cue.ready.strike()
            cue.go.wait()
            self.is_out = True
            self._play(cue)
            self.is_out = False
            cue.done.strike()

    def _play(self, cue: Cue) -> None:
        """Send until the turn is over, two requests at the least, and finish what is out then.

        The first request finds an idle service, and is no measure; so whoever had time for only one sends
        another, unless nobody answers. Users who think begin one after the other: otherwise all would send at
        once, again and again.
        """
        if think_s := self.load.order.think_s:
            self.leaving.wait(think_s * self.number / self.load.order.users)
        begun = time.perf_counter()
        if begun >= cue.until:
            return
        pause_s = self.ask()
        cue.firsts.append(len(self.load.recorder) - 1)
        cue.firsts_s += self.heard + pause_s - begun
        is_second = True
        while self.heard + pause_s < cue.until or (is_second and not self.load.unanswered):
            is_second = False
            if pause_s:
                self.leaving.wait(pause_s)
                self.conversation.look()
            pause_s = self.ask()
        cue.worked_s += self.heard + pause_s - begun
