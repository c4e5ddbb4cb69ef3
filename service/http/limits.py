"""Takes no more from a client than was agreed, neither bytes nor time.

Bytes are counted here though starlette's `Route(max_body_size=...)` would. A bare read took 24 us with it and
10 without, for headers read a second time and a `receive` in a `receive`; its 413 does not say how many bytes
were sent and how many are allowed; and neither the short way of `express` nor `/predict`, which is asked
before the router, passes a `Route`. The loop over the pieces stays in any case: it bounds their time.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from service.errors import SlowBodyError, TooLargeError
from service.http.bodies import Body
from service.settings import Settings

_LAST_CALL_S = 0.05, 1.0  # at least, and at most


@dataclass(frozen=True)
class Bounds:
    """What connections may take. The application carries them, for every worker has its own."""

    connections: int
    head_bytes: int
    head_timeout_s: float
    last_call_s: float
    """For a request to begin, or to come whole, once the server has stopped to listen."""

    @classmethod
    def of(cls, settings: Settings) -> Bounds:
        """Return what was set."""
        least, most = _LAST_CALL_S
        last_call_s = max(least, min(most, settings.drain_s))
        return cls(settings.max_connections, settings.max_head_bytes, settings.head_timeout_s, last_call_s)


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
