"""Stopping without loss: first not ready, then, when whoever routes requests has seen it, the end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger("service")


@contextmanager
def drained_on_sigterm(announce: Callable[[], None], *, drain_s: float) -> Iterator[None]:
    """Call `announce` on SIGTERM, and let the server's own handler end it `drain_s` seconds later.

    Works under a server that handles signals with `signal.signal`, as uvicorn does, in the main thread.
    """
    loop = asyncio.get_running_loop()
    server = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        if callable(server):
            server(number, frame)

    def begin(number: int, frame: FrameType | None) -> None:
        def drain() -> None:
            announce()
            logger.info("stopping in %g s", drain_s)
            loop.call_later(drain_s, end, number, frame)

        loop.call_soon_threadsafe(drain)

    try:
        signal.signal(signal.SIGTERM, begin)
    except ValueError:  # not the main thread: there are no signals to handle here
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, server)
