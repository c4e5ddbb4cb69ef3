"""Hears those again later who were refused for want of time or room, whether or not they would wait."""

from __future__ import annotations

import asyncio
from math import ceil
from typing import Protocol

from service.errors import OverloadedError
from service.wire.message import Headers
from service.wire.protocol import WireProtocol
from service.wire.protocols import refuse

FOR_NOW = frozenset({429, 503, 504})
"""The statuses that say: not now."""

WAITS = "waits"
"""Where a scope's state holds that the connection is to wait once the request is answered."""

_SPACING_S = 4e-3  # between two that are heard again: to read and refuse one takes a small part of that
_CALM = 0.8  # times that, with each that is heard while nobody is refused
_LATE_S = 0.1  # that are made up for, where the loop was held up
_BYTES = 262_144  # to read so many takes about as long as to refuse a small request


class Connection(Protocol):
    """A connection, as whoever lets it wait knows it. What is sent on it meanwhile stays with the sender."""

    def stop_hearing(self) -> None:
        """Read no more."""

    def hear_again(self) -> None:
        """Read on."""


class Backoff:
    """A queue of connections whose last request was refused, of which one at a time is heard again.

    A client that retries at once costs the event loop what an answer to another would, and a thousand of them
    cost all of it; heard at a bounded rate, a few hundredths. Where one is heard and nobody is refused after
    it, the next is heard sooner, down to one in each turn of the loop: the queue does not outlive its cause.
    """

    def __init__(self) -> None:
        self._waiting: dict[Connection, float] = {}  # in their order: the time that each takes, in spacings
        self._spacings = 0.0
        self._spacing_s = _SPACING_S
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def longest_s(self) -> float:
        """The longest that one waits whose small request is refused now, in seconds."""
        return (self._spacings + 1) * _SPACING_S

    def retry_after_s(self) -> int:
        """Return `longest_s` as a client is told: whole seconds, at least one."""
        return max(1, ceil(self.longest_s))

    def refusal(self, protocol: WireProtocol, error: BaseException) -> tuple[int, Headers, bytes]:
        """Return the answer that an error is; who is told to come again is told when it will be heard."""
        if isinstance(error, OverloadedError):
            error.retry_after_s = max(error.retry_after_s, self.retry_after_s())
        return refuse(protocol, error)

    def hold(self, connection: Connection, request_bytes: int = 0) -> None:
        """Put a connection that was refused at the end, if it is not there; a large request waits longer."""
        self._spacing_s = _SPACING_S
        spacings = 1 + request_bytes / _BYTES
        self._spacings += spacings
        self._waiting[connection] = self._waiting.get(connection, 0.0) + spacings
        connection.stop_hearing()  # anew where it waits: it was heard with the answer to what came behind
        self._start_timer(asyncio.get_running_loop().time())

    def forget(self, connection: Connection) -> bool:
        """Let a connection wait no more, and tell whether it did."""
        spacings = self._waiting.pop(connection, None)
        if spacings is None:
            return False
        self._spacings -= spacings
        if not self._waiting:
            self._spacings = 0.0  # so that rounding never adds up
        return True

    def release(self, connection: Connection) -> None:
        """Hear a connection at once, if it waits."""
        if self.forget(connection):
            connection.hear_again()

    def _start_timer(self, since: float) -> None:
        if self._timer is None and self._waiting:
            spacings = next(iter(self._waiting.values()))
            self._due = since + spacings * self._spacing_s
            self._timer = asyncio.get_running_loop().call_at(self._due, self._hear_one)

    def _hear_one(self) -> None:
        self._timer = None
        if self._waiting:
            self._spacing_s *= _CALM
            self.release(next(iter(self._waiting)))
        # And not since now, but for a long while: whoever is told when must not wait longer.
        self._start_timer(max(self._due, asyncio.get_running_loop().time() - _LATE_S))
