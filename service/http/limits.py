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
from starlette.types import Message, Receive

from service.errors import SlowBodyError, TooLargeError
from service.http.bodies import Body


@dataclass(frozen=True)
class Bounds:
    """What connections may take. The application carries them, for every worker has its own."""

    connections: int
    head_bytes: int
    head_timeout_s: float


async def read_body(
    receive: Receive, declared: int | None, body: Body, *, max_bytes: int, timeout_s: float
) -> bytes:
    """Read a request's body, counting it as `body`; `declared` is its Content-Length.

    Raises TooLargeError as soon as more than `max_bytes` are announced or have arrived, OverloadedError where
    all bodies together are too large and this one gives way, SlowBodyError where the whole has not arrived
    after `timeout_s`, and ClientDisconnect where the client went away before.
    """
    if declared is not None and declared > max_bytes:
        raise TooLargeError(f"the body is {declared} bytes long; at most {max_bytes} are allowed")
    message = _arrived(receive)
    if message is not None and message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        _check(len(whole), max_bytes)
        body.take(len(whole))
        return whole
    try:
        async with asyncio.timeout(timeout_s) as timer:
            with body.bodies.arriving(body, timer):
                return await _read_pieces(receive, message or await receive(), body, max_bytes)
    except TimeoutError as error:
        if body.is_refused:
            raise body.bodies.refusal() from error
        raise SlowBodyError(f"the body did not arrive within {timeout_s:g} s") from error


def _arrived(receive: Receive) -> Message | None:
    """Return the next message where it has arrived already, as the whole body mostly has; None otherwise.

    A timer for each request would cost more than the rest of reading does. So `receive` is tried without one,
    and left where it would wait: nothing is lost, for servers take a message only to hand it over.
    """
    step = receive().__await__()
    try:
        next(step)
    except StopIteration as done:
        message: Message = done.value
        return message
    step.close()
    return None


async def _read_pieces(receive: Receive, message: Message, body: Body, max_bytes: int) -> bytes:
    parts = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        _check(len(parts) + len(piece), max_bytes)
        body.take(len(piece))
        parts += piece
        if not message.get("more_body", False):
            return bytes(parts)
        message = await receive()


def _check(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise TooLargeError(f"the body is longer than {max_bytes} bytes")
