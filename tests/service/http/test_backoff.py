"""Those who were refused are heard again one at a time, and sooner when nobody is refused any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from itertools import pairwise
from statistics import median
from typing import Any

import pytest

from service.errors import OverloadedError
from service.http.backoff import Backoff
from tests.patience import PATIENCE_S
from tests.service.connection import request
from tests.service.http.listening import GET, Host, listening, until

SPACING_S = Backoff().longest_s
MANY = 500


class FakeConnection:
    """Notes whether it is heard, and may be refused again as soon as it is."""

    def __init__(self, backoff: Backoff, heard: list[FakeConnection], *, is_hasty: bool = False) -> None:
        self.is_heard = True
        self._backoff = backoff
        self._heard = heard
        self._is_hasty = is_hasty
        self.heard_at = 0.0

    def stop_hearing(self) -> None:
        self.is_heard = False

    def hear_again(self) -> None:
        assert not self.is_heard
        self.is_heard = True
        self.heard_at = time.monotonic()
        self._heard.append(self)
        if self._is_hasty:
            self._backoff.hold(self)


@pytest.fixture
def backoff() -> Backoff:
    return Backoff()


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), PATIENCE_S))


def test_whoever_was_refused_is_heard_again_in_turn_and_fast_when_nobody_is_refused(backoff: Backoff) -> None:
    async def test() -> None:
        heard: list[FakeConnection] = []
        connections = [FakeConnection(backoff, heard) for _ in range(MANY)]
        for connection in connections:
            backoff.hold(connection)
        assert not any(connection.is_heard for connection in connections)
        await until(lambda: len(heard) == MANY)
        assert heard == connections
        waits = [two.heard_at - one.heard_at for one, two in pairwise(connections)]
        assert median(waits) < SPACING_S / 2  # of most: some are as long as a busy machine makes them

    run(test)


def test_those_who_retry_at_once_are_heard_at_a_bounded_rate_however_many_they_are(backoff: Backoff) -> None:
    async def test() -> None:
        heard: list[FakeConnection] = []
        connections = [FakeConnection(backoff, heard, is_hasty=True) for _ in range(MANY)]
        start = time.monotonic()
        for connection in connections:
            backoff.hold(connection)
        await until(lambda: len(heard) >= 20)
        took_s = time.monotonic() - start
        assert heard == connections[: len(heard)]
        assert len(heard) <= took_s / SPACING_S * 2 + 1  # a loop that counts whole milliseconds is not exact

    run(test)


def test_nobody_waits_longer_than_a_client_is_told(backoff: Backoff) -> None:
    async def test() -> None:
        heard: list[FakeConnection] = []
        told = [backoff.retry_after_s()]
        for _ in range(MANY):
            backoff.hold(FakeConnection(backoff, heard))
            told.append(backoff.retry_after_s())
        assert told[0] == 1
        assert told == sorted(told)
        assert told[-1] >= MANY * SPACING_S
        await until(lambda: len(heard) == MANY)
        assert backoff.retry_after_s() == 1

    run(test)


def test_a_large_request_waits_longer(backoff: Backoff) -> None:
    async def test() -> None:
        heard: list[FakeConnection] = []
        small, large = (FakeConnection(backoff, heard) for _ in range(2))
        backoff.hold(small)
        before = backoff.longest_s
        backoff.hold(large, 10 * 2**20)
        assert backoff.longest_s - before > 10 * SPACING_S
        await until(lambda: heard == [small, large])

    run(test)


def test_one_who_is_refused_twice_in_one_packet_waits_for_both(backoff: Backoff) -> None:
    async def test() -> None:
        heard: list[FakeConnection] = []
        connection = FakeConnection(backoff, heard)
        backoff.hold(connection)
        backoff.hold(connection)
        assert backoff.longest_s == pytest.approx(3 * SPACING_S)
        await until(lambda: heard == [connection])
        assert backoff.longest_s == SPACING_S

    run(test)


def test_one_who_left_is_not_heard_and_one_who_is_let_go_is_heard_at_once(backoff: Backoff) -> None:
    async def test() -> None:
        heard: list[FakeConnection] = []
        left, stays, let_go = (FakeConnection(backoff, heard) for _ in range(3))
        for connection in (left, stays, let_go):
            backoff.hold(connection)
        backoff.forget(left)
        backoff.release(let_go)
        assert heard == [let_go]
        backoff.release(let_go)
        await until(lambda: len(heard) == 2)
        assert heard == [let_go, stays]
        backoff.hold(stays)  # and the queue goes on after it was empty
        await until(lambda: len(heard) == 3)

    run(test)


def test_one_who_is_refused_twice_in_one_packet_is_not_read_before_it_is_heard() -> None:
    async def test() -> None:
        async with listening(Host()) as there:
            host, held = there.host, there.host.held
            host.may_answer.set()
            held.error = OverloadedError("full", retry_after_s=1)
            host.backoff.hold(FakeConnection(host.backoff, []), 10**12)  # for longer than this test
            _, other = await there.connect()  # a connection that is alone is answered elsewhere
            reader, writer = await there.connect()
            writer.write(2 * request(b""))
            await until(lambda: len(held.waiting) == 2)
            held.waiting[1].hurry()
            for _ in range(2):
                assert b" 503 " in await reader.readuntil(b"full")
            writer.write(GET)
            await there.see()
            assert host.asked == 0
            for connection in tuple(there.connections):
                host.backoff.release(connection)
            assert b" 200 " in await reader.readuntil(b"well")
            writer.close()
            other.close()

    run(test)
