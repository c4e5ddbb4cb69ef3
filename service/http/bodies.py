"""One bound on what the bodies of all requests take together, from the first byte until they are decoded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import OverloadedError


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
