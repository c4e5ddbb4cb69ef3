"""Work in a thread ends as it would have ended here, and waits for no other."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from service.repository.thread import in_thread


def test_all_run_at_the_same_time_however_many_there_are() -> None:
    count = 50

    async def go() -> None:
        together = threading.Barrier(count)  # which nobody passes before all are there
        await asyncio.gather(*(in_thread(partial(together.wait, 60)) for _ in range(count)))

    asyncio.run(go())


@pytest.mark.parametrize(
    "error", [ValueError("x"), StopIteration("x"), SystemExit("x"), KeyboardInterrupt("x")]
)
def test_whatever_is_raised_reaches_who_waits_and_nobody_else(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def go() -> None:
        with pytest.raises((ValueError, RuntimeError), match="x"):
            await in_thread(fail)

    asyncio.run(go())


def test_a_loop_that_ends_waits_for_no_thread() -> None:
    may_go_on = threading.Event()

    async def go() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(in_thread(may_go_on.wait), 0.001)

    asyncio.run(go())
    may_go_on.set()
