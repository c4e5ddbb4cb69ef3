"""Waits for what is slow, for as long as somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, TypeVar

from service.errors import ExpiredError

T = TypeVar("T")

Gone = Callable[[], Awaitable[object]]
"""Returns when the client is gone."""


class LeftError(Exception):
    """The client went away before its answer was there."""


async def unless_gone(awaited: asyncio.Future[T], gone: Gone | None, deadline: float | None, what: str) -> T:
    """Await something slow, until `deadline` by `perf_counter`.

    Raises ExpiredError, naming `what` was waited for, and LeftError where the client is gone before.
    """
    watching: asyncio.Future[Any] | None = None if gone is None else asyncio.ensure_future(gone())
    timeout = None if deadline is None else max(0.0, deadline - perf_counter())
    try:
        waiting = {awaited} if watching is None else {awaited, watching}
        await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if awaited.done():
            return awaited.result()
        if watching is not None and watching.done():
            raise LeftError
        raise ExpiredError(f"the time that the request allows was over before {what}")
    finally:
        if watching is not None:
            watching.cancel()
