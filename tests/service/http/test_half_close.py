"""Who sends no more and reads on is answered; who has gone away is not waited for."""

from __future__ import annotations

import socket
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running_service import RunningService, running_service
from tests.service.connection import CHUNKED, Connection, RawAnswer, request
from tests.service.http.listening import GET, LOOPS, Host, Listening, serve, until
from tests.service.metrics_text import wait_for

ROW = b'{"instances": [[' + b",".join([b"0"] * 64) + b"]]}"
GOOD = request(ROW)
OCTETS = "content-type: application/octet-stream"
MANY = 1000  # rows, for a call of some 150 ms
LONG_CALL = request(bytes(256 * MANY), OCTETS, query="?variant=int16x8")
LONG_BODY = request(ROW.ljust(400_000))  # which is collected in place
MODELS = b"GET /models HTTP/1.1\r\nhost: x\r\n\r\n"
DISCONNECTED = 'requests_total{model="",outcome="disconnected",variant=""}'
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n"
LAST = ANSWER + b"connection: close\r\n\r\nwell"


@pytest.fixture(scope="module", params=["0", "500"], ids=["a thread", "the loop"])
def slow(
    request: pytest.FixtureRequest, slow_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service with one thread, in which everyone may wait; where small requests run is the parameter."""
    log = tmp_path_factory.mktemp("slow") / "log"
    bounds = ("--max-rows", str(MANY), "--max-wait-ms", "60000", "--inline-us", request.param)
    # Requests that name no variant get this one as well.
    with running_service(slow_models, log, "--preload", "int16x8", "--threads", "1", *bounds) as service:
        yield service
        assert "Traceback" not in log.read_text()


def answers_to(client: httpx.Client, content: bytes) -> list[RawAnswer]:
    """Send all at once and the end with it; return what comes back, but for interim answers."""
    with Connection(client) as connection:
        connection.send(content)
        connection.socket.shutdown(socket.SHUT_WR)
        answers = []
        while True:
            try:
                answers.append(connection.read())
            except ConnectionError:
                return [answer for answer in answers if answer.status != 100]


WHOLE = {
    "small": GOOD,
    "octets": request(bytes(256), OCTETS),
    "slow": LONG_CALL,
    "a long body": LONG_BODY,
    "in chunks": CHUNKED + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(ROW), ROW),
    "HTTP/1.0": request(ROW, version="1.0"),
    "expecting 100": request(ROW, "expect: 100-continue"),
    "another address": MODELS,
    "pipelined": GOOD * 3,
    "behind a slow one": LONG_CALL + GOOD + MODELS + GOOD,
    "before a slow one": GOOD + MODELS + LONG_CALL,
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("others", [0, 1])
def test_all_that_came_whole_before_the_end_is_answered(
    slow: RunningService, content: bytes, others: int
) -> None:
    connections = [Connection(slow.client) for _ in range(others)]
    answers = answers_to(slow.client, content)
    assert [answer.status for answer in answers] == [200] * content.count(b" HTTP/1.")
    for connection in connections:
        connection.close()


CUT = {
    "half a head": GOOD[:30],
    "a head": GOOD[: -len(ROW)],
    "half a body": GOOD[:-5],
    "half a long body": LONG_BODY[:200_000],
    "half a body in chunks": CHUNKED + b"\r\n4\r\nabcd\r\n",
}


@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
@pytest.mark.parametrize("before", [b"", LONG_CALL, LONG_CALL + GOOD], ids=["alone", "second", "third"])
def test_what_is_not_whole_at_the_end_is_gone_and_counted_once(
    slow: RunningService, before: bytes, cut: bytes
) -> None:
    counted = wait_for(slow.client, DISCONNECTED, lambda _: True)
    answers = answers_to(slow.client, before + cut)
    assert [answer.status for answer in answers] == [200] * before.count(b"POST")
    wait_for(slow.client, DISCONNECTED, lambda count: count > counted)
    assert wait_for(slow.client, DISCONNECTED, lambda _: True) == counted + 1


def test_a_refusal_is_told_after_the_answers_before_it(slow: RunningService) -> None:
    answers = answers_to(slow.client, LONG_CALL + GOOD + b"what?\r\n\r\n")
    assert [answer.status for answer in answers] == [200, 200, 400]
    assert answers[-1].headers["connection"] == "close"


def test_who_waits_for_a_variant_that_is_loaded_only_now_is_answered(
    digits_alone: Path, tmp_path: Path
) -> None:
    with running_service(digits_alone, tmp_path / "log", "--preload", "float32") as service:
        for variant in ("int8", "float16"):
            (answer,) = answers_to(service.client, request(bytes(256), OCTETS, query=f"?variant={variant}"))
            assert answer.status == 200


Body = Callable[[Listening], Coroutine[Any, Any, None]]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Run a body with a server that answers when it is told to, on uvloop and on asyncio's own loop."""

    def run(body: Body, *, answer: bytes = b"well", idle_timeout_s: int = 3600) -> None:
        host = Host()
        host.answer = answer
        serve(request.param, body, host, idle_timeout_s=idle_timeout_s)

    return run


def test_an_answer_that_takes_longer_is_announced_and_the_last(run: Callable[..., None]) -> None:
    async def body(there: Listening) -> None:
        reader, writer = await there.connect()
        writer.write(GET)
        writer.write_eof()
        assert await reader.readexactly(len(INTERIM)) == INTERIM
        there.host.may_answer.set()
        assert (await reader.read()).replace(INTERIM, b"") == LAST
        await until(lambda: not there.connections)
        writer.close()

    run(body)


def test_an_answer_that_is_there_at_once_is_not_announced(run: Callable[..., None]) -> None:
    async def body(there: Listening) -> None:
        there.host.may_answer.set()
        reader, writer = await there.connect()
        writer.write(GET * 3)
        writer.write_eof()
        got = await reader.read()
        assert got.replace(INTERIM, b"").count(ANSWER) == 3
        writer.close()

    run(body)


def test_a_client_of_http_1_0_hears_nothing_but_its_answer(run: Callable[..., None]) -> None:
    async def body(there: Listening) -> None:
        reader, writer = await there.connect()
        writer.write(GET.replace(b"1.1", b"1.0"))
        writer.write_eof()
        other_reader, other = await there.connect()  # who hears that it takes longer, after the first
        other.write(GET)
        other.write_eof()
        assert await other_reader.readexactly(len(INTERIM)) == INTERIM
        there.host.may_answer.set()
        assert await reader.read() == LAST
        writer.close()
        other.close()

    run(body)


def test_whoever_has_closed_is_told_from_who_reads_on_and_not_waited_for(run: Callable[..., None]) -> None:
    async def body(there: Listening) -> None:
        reader, writer = await there.connect()
        writer.write(GET)
        writer.write_eof()
        leavers = [await there.connect() for _ in range(6)]
        for number, (hears, leaver) in enumerate(leavers):
            leaver.write(GET)
            if number % 2:
                leaver.write_eof()
                await hears.readexactly(len(INTERIM))
        await until(lambda: there.host.asked == 1 + len(leavers))
        for _, leaver in leavers:
            leaver.close()
        await until(lambda: there.host.gone == len(leavers))
        await until(lambda: len(there.connections) == 1)
        there.host.may_answer.set()
        assert (await reader.read()).replace(INTERIM, b"") == LAST
        assert there.host.gone == len(leavers)
        writer.close()

    run(body)


def test_on_the_short_way_it_is_the_same(run: Callable[..., None]) -> None:
    async def body(there: Listening) -> None:
        (reader, writer), (_, leaver) = await there.connect(), await there.connect()
        await until(lambda: len(there.connections) == 2)
        for one in (writer, leaver):
            one.write(GOOD)
        await until(lambda: len(there.host.held.waiting) == 2)
        first, second = there.host.held.waiting
        leaver.close()
        await until(lambda: second.is_over)
        writer.write_eof()
        assert await reader.readexactly(len(INTERIM)) == INTERIM
        first.hurry()
        got = (await reader.read()).replace(INTERIM, b"")
        assert got == LAST
        await until(lambda: not there.connections)
        writer.close()

    run(body)


def test_one_that_is_idle_is_closed_at_once(run: Callable[..., None]) -> None:
    async def body(there: Listening) -> None:
        there.host.may_answer.set()
        reader, writer = await there.connect()
        writer.write(GET)
        assert await reader.readexactly(len(ANSWER) + 6) == ANSWER + b"\r\nwell"
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()

    run(body)


@pytest.mark.parametrize("requests", [1, 3])
def test_one_that_never_reads_its_answers_is_ended(run: Callable[..., None], requests: int) -> None:
    async def body(there: Listening) -> None:
        there.host.may_answer.set()
        with socket.create_connection(("127.0.0.1", there.port)) as client:
            client.sendall(GET * requests)
            client.shutdown(socket.SHUT_WR)
            await until(lambda: there.host.asked)
            await until(lambda: not there.connections)

    run(body, answer=bytes(16_000_000), idle_timeout_s=1)
