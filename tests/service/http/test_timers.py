"""No timer outlives its connection, for it would hold all that the connection held, nor ends it too early."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest

from service.errors import OverloadedError
from service.http.backoff import Backoff
from tests.service.connection import request
from tests.service.http.listening import GET, LOOPS, Host, Listening, reset, serve, until

CLIENTS = 5
LONG = request(bytes(400_000))
SENT = {
    "nothing": b"",
    "empty lines": b"\r\n\r\n",
    "half a head": GET[:20],
    "half a body": LONG[:1000],
    "half a long body": LONG[:200_000],
    "a small one": request(b""),
    "a request": GET,
    "a request and half a head": GET + GET[:20],
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("sent", SENT.values(), ids=SENT)
@pytest.mark.parametrize("last", ["a reset", "an answer", "its end"])
def test_nothing_is_left_of_a_connection_that_was_reset(loop: str, sent: bytes, last: str) -> None:
    async def body(there: Listening) -> None:
        if last == "an answer":
            there.host.may_answer.set()
        clients = [await there.connect() for _ in range(CLIENTS)]
        for reader, writer in clients:
            writer.write(sent)
            if last == "an answer" and GET in sent:
                await reader.readuntil(b"well")
            if last == "its end":
                writer.write_eof()
        await there.see()
        await nothing_is_left(there, [writer for _, writer in clients])

    serve(loop, body)


@pytest.mark.parametrize("loop", LOOPS)
def test_the_time_for_a_head_begins_when_the_answer_before_it_is_there(loop: str) -> None:
    async def body(there: Listening) -> None:
        (reader, writer), (other_reader, other) = [await there.connect() for _ in range(2)]
        with closing(writer), closing(other):
            writer.write(GET + GET[:20])
            await until(lambda: host.asked)
            other.write(GET[:20])
            assert await other_reader.read() == b""  # its time is over, and so would be that of the first
            host.may_answer.set()
            await reader.readuntil(b"well")
            writer.write(GET[20:])
            await reader.readuntil(b"well")
            writer.write(GET[:20])
            assert await reader.read() == b""

    host = Host()
    host.bounds = replace(host.bounds, head_timeout_s=0.5)
    serve(loop, body, host)


@pytest.mark.parametrize("loop", LOOPS)
def test_nothing_is_left_of_who_was_refused_and_had_more_behind_it(loop: str) -> None:
    async def body(there: Listening) -> None:
        there.host.may_answer.set()
        there.host.held.error = OverloadedError("full", retry_after_s=1)
        clients = [await there.connect() for _ in range(CLIENTS)]
        for reader, writer in clients:
            writer.write(request(b"") + GET)
            assert b" 503 " in await reader.readuntil(b"full")
            assert b" 200 " in await reader.readuntil(b"well")
        await until(lambda: there.host.backoff.longest_s == Backoff().longest_s)
        await nothing_is_left(there, [writer for _, writer in clients])

    serve(loop, body)


async def nothing_is_left(there: Listening, writers: list[asyncio.StreamWriter]) -> None:
    """Reset these, and wait until all protocols are gone, for far less than their timers would take."""
    for writer in writers:
        reset(writer)
    await until(lambda: not there.connections)
    await until(lambda: there.held() == 0)
