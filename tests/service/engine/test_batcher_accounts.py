"""What a batcher promises to the engine around it: who is refused or let go, and what a count may cost."""

from __future__ import annotations

import asyncio
import threading
from time import perf_counter

import numpy as np
import pytest

from bundle.normalizer import FloatArray
from service.engine.batcher import Batcher
from service.engine.cost import Cost
from service.engine.lanes import Lanes
from service.errors import ExpiredError, OverloadedError
from tests.service.engine.asking import give_up, submit


class Echo:
    """Answers each row with itself."""

    def predict(self, rows: FloatArray) -> FloatArray:
        return rows.copy()


def row(number: int) -> FloatArray:
    return np.full((1, 2), number, np.float32)


@pytest.mark.parametrize("slow", [False, True])
def test_those_who_will_share_a_call_are_not_refused_as_if_each_had_one(slow: bool) -> None:
    async def body() -> None:
        call_us = 1000.0
        lanes = Lanes(1, inline_us=0.0 if slow else 2 * call_us, waiting_rows=1000, waiting_us=50 * call_us)
        batcher = Batcher(Echo(), Echo, cost=Cost(call_us, 1.0), lanes=lanes, observe=lambda n, s: None)
        answers = await asyncio.gather(*[submit(batcher, row(number)) for number in range(500)])
        assert [answer.probabilities[0, 0] for answer in answers] == list(range(500))
        assert (lanes.admission.rows, lanes.admission.us) == (0, 0.0)
        lanes.close()

    asyncio.run(body())


@pytest.mark.parametrize("slow", [False, True])
def test_a_count_that_fails_costs_nobody_the_answer(slow: bool) -> None:
    def observe(number: int, took_s: float) -> None:
        raise OSError(28, "No space left on device")

    async def body() -> None:
        lanes = Lanes(1, inline_us=0.0 if slow else 1e9, waiting_rows=10_000, waiting_us=1e12)
        batcher = Batcher(Echo(), Echo, cost=Cost(0.0, 1.0), lanes=lanes, observe=observe)
        answers = await asyncio.gather(*[submit(batcher, row(number)) for number in range(3)])
        assert [answer.probabilities[0, 0] for answer in answers] == [0, 1, 2]
        assert (await submit(batcher, row(3))).probabilities[0, 0] == 3
        assert lanes.admission.rows == 0
        lanes.close()

    asyncio.run(body())


def test_where_no_thread_can_be_started_now_a_call_is_refused_and_the_next_may_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def body() -> None:
        lanes = Lanes(1, inline_us=0.0, waiting_rows=10_000, waiting_us=1e12)
        batcher = Batcher(Echo(), Echo, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda n, s: None)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            with pytest.raises(OverloadedError, match="no thread can be started"):
                await submit(batcher, row(1))
        assert lanes.admission.rows == 0
        assert (await submit(batcher, row(2))).probabilities[0, 0] == 2
        lanes.close()

    asyncio.run(body())


class SlowEcho(Echo):
    """Takes a millisecond for a call, and counts them."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, rows: FloatArray) -> FloatArray:
        self.calls += 1
        until = perf_counter() + 1e-3
        while perf_counter() < until:
            pass
        return super().predict(rows)


def test_who_is_late_or_has_left_is_let_go_long_before_a_long_queue_has_come_to_them() -> None:
    async def body() -> None:
        lanes, echo = Lanes(1, inline_us=1.0, waiting_rows=1000, waiting_us=1e12), SlowEcho()
        batcher = Batcher(echo, SlowEcho, cost=Cost(0.0, 1.0), lanes=lanes, observe=lambda n, s: None)
        before = [submit(batcher, row(number)) for number in range(200)]
        await before[0]  # the queue has been looked through, and is not at once again
        left, late = submit(batcher, row(200)), submit(batcher, row(201), 0.0)
        give_up(batcher, left)
        with pytest.raises(ExpiredError):
            await late
        assert echo.calls < 150
        assert lanes.admission.rows == 200 - echo.calls
        await asyncio.gather(*before)
        assert echo.calls == 200
        lanes.close()

    asyncio.run(body())
