"""Takes no more of bodies than was agreed: one bound on each, and one on what all under way take together.

Bytes are counted here though starlette's `Route(max_body_size=...)` would. A bare read took 24 us with it and
10 without, for headers read a second time and a `receive` in a `receive`; its 413 does not say how many bytes
were sent and how many are allowed; and predictions, which are asked for before the router, pass no `Route`.
The loop over the pieces stays in any case: it bounds their time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from service.errors import OverloadedError, SlowBodyError, TooLargeError


class Bodies:
    """Counts the bytes of all bodies under way; where they are too many, the youngest that arrives gives way.

    So the oldest come through, however many begin: were it whoever asks next, all could stand half-way.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._arriving: dict[Body, asyncio.Timeout] = {}  # the oldest first

    @contextmanager
    def under_way(self) -> Iterator[Body]:
        """Count a body that begins here, and is let go where the context ends."""
        body = Body(self)
        try:
            yield body
        finally:
            self.give_back(body.size)

    def reserve(self, size: int) -> bool:
        """Set `size` bytes aside; False, and nothing done, where others would be left less than half."""
        if self._bytes + size > self._max_bytes // 2:
            return False
        self._bytes += size
        return True

    def give_back(self, size: int) -> None:
        """Count out what was counted in."""
        self._bytes -= size

    def take(self, body: Body, size: int) -> None:
        """Count in `size` more bytes of `body`. Raises OverloadedError where it is the one that gives way."""
        body.size += size
        self._bytes += size
        while self._bytes > self._max_bytes and not body.is_refused:
            self._refuse(next(reversed(self._arriving), body))
        if body.is_refused:
            raise self.refusal()

    @contextmanager
    def arriving(self, body: Body, timer: asyncio.Timeout) -> Iterator[None]:
        """Let `body` give way where it must, by the end of `timer`, within which it is read."""
        self._arriving[body] = timer
        try:
            yield
        finally:
            self._arriving.pop(body, None)

    def refusal(self) -> OverloadedError:
        """Return what a body that gave way is told."""
        most = self._max_bytes
        return OverloadedError(
            f"the bodies that are being received take more than {most} bytes", retry_after_s=1
        )

    def _refuse(self, body: Body) -> None:
        body.is_refused = True
        self.give_back(body.size)
        body.size = 0
        timer = self._arriving.pop(body, None)
        if timer is not None:
            timer.reschedule(asyncio.get_running_loop().time())


class Body:
    """One body under way."""

    def __init__(self, bodies: Bodies) -> None:
        self.bodies = bodies
        self.size = 0
        self.is_refused = False

    def take(self, size: int) -> None:
        """Count in `size` more bytes. Raises OverloadedError where they are too many."""
        self.bodies.take(self, size)


async def read_body(
    receive: Receive, declared: int | None, body: Body, *, max_bytes: int, timeout_s: float
) -> bytes | bytearray:
    """Read a request's body, counting it as `body`; `declared` is its Content-Length.

    Raises TooLargeError as soon as more than `max_bytes` are announced or have arrived, OverloadedError where
    all bodies together are too large and this one gives way, SlowBodyError where the whole has not arrived
    after `timeout_s`, and ClientDisconnect where the client went away before.
    """
    if declared is not None and declared > max_bytes:
        raise TooLargeError(f"the body is {declared} bytes long; at most {max_bytes} are allowed")
    try:
        async with asyncio.timeout(timeout_s) as timer:
            with body.bodies.arriving(body, timer):
                return await _read_pieces(receive, body, max_bytes)
    except TimeoutError as error:
        if body.is_refused:
            raise body.bodies.refusal() from error
        raise SlowBodyError(f"the body did not arrive within {timeout_s:g} s") from error


async def _read_pieces(receive: Receive, body: Body, max_bytes: int) -> bytes | bytearray:
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        _check(len(parts) + len(piece), max_bytes)
        body.take(len(piece))
        is_last = not message.get("more_body", False)
        if is_last and not parts:
            return piece
        parts += piece
        if is_last:
            return parts


def _check(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise TooLargeError(f"the body is longer than {max_bytes} bytes")
