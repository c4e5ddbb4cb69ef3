"""Stopping without loss: first not ready, then, when whoever routes requests has seen it, the end.

Whatever hangs, there is an end.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

logger = logging.getLogger("service")

_ORDERLY_S = 2.0  # for the server to end, when it has given up what was in progress


class Connection(Protocol):
    """A connection, as whoever ends all of them knows it."""

    def end_soon(self) -> None:
        """Close it after the answer to what is here, or else to what comes next, and say so there."""


@contextmanager
def drained_on_sigterm(announce: Callable[[], None], *, drain_s: float, stop_s: float) -> Iterator[None]:
    """Call `announce` on SIGTERM, and let the server's own handler end it `drain_s` seconds later.

    Where the process is still there `stop_s` and a little after that, because something hangs, it is ended.
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

        _end_after(drain_s + stop_s + _ORDERLY_S)
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


def bound_end_of_workers(*, drain_s: float, stop_s: float) -> None:
    """Have the parent of workers end those that are still there when all of them should have ended.

    One that is stopped, or is held in a call, hears no signal, and the parent would wait for it.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)

    def wait() -> None:
        while reader.recv(1)[0] not in (signal.SIGTERM, signal.SIGINT):
            pass
        time.sleep(drain_s + stop_s + 2 * _ORDERLY_S)
        for worker in multiprocessing.active_children():
            logger.warning("process %s hangs, and is killed", worker.pid)
            worker.kill()

    threading.Thread(target=wait, daemon=True).start()


def _end_after(seconds: float) -> None:
    """End this process after some time, if it is there by then; the thread that does it holds up nobody."""
    timer = threading.Timer(seconds, _end, [seconds])
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    logger.warning("something hangs: ended %g s after SIGTERM all the same", seconds)
    os._exit(0)
