"""Runs what may wait long, for a disk or another process, beside the event loop."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises.

    It has a thread to itself: it waits for nobody else's work, and a process that ends does not wait for it.
    Raises OSError where no thread can be started now.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            loop.call_soon_threadsafe(lambda: None if done.done() else settle())

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # whoever waits must hear of it
            failure = _as_exception(error)
            tell(lambda: done.set_exception(failure))
        else:
            tell(lambda: done.set_result(result))

    try:
        threading.Thread(target=run, name="repository", daemon=True).start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, "no thread can be started") from error
    return await done


def _as_exception(error: BaseException) -> Exception:
    """Return an error that a future can have, and that ends nothing but the work."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    return RuntimeError(repr(error))
