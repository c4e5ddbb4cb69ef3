"""The last answer on a connection arrives, whatever the client still sends; and nobody lingers for ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from service.http.linger import none_lingers
from tests.patience import wait_until
from tests.running_service import RunningService, client_of, running_service
from tests.service.connection import CHUNKED, Connection, request
from tests.service.http.listening import GET, LOOPS, Host, Listening, serve, until

ROW = json.dumps({"instances": [[0] * 64]}).encode()
GOOD = request(ROW)
CLOSING = request(ROW, "connection: close")
MORE = bytes(16 * 2**20)  # more than the kernel holds for a client and for a service that does not read
CONNECTIONS_MAX = 20

LAST = {
    "a large head": (request(ROW, f"x-large: {'a' * 40_000}"), 431),
    "no HTTP": (b"what?\r\n\r\n", 400),
    "a bad chunk": (CHUNKED + b"\r\nzz\r\n", 400),
    "a tunnel": (b"CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n", 405),
    "the last wanted": (CLOSING, 200),
    "the last wanted, elsewhere": (CLOSING.replace(b"POST /predict", b"GET /models"), 200),
    "the last, of HTTP/1.0": (request(ROW, version="1.0"), 200),
}


@pytest.fixture(scope="module")
def bounded(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("bounded") / "log"
    options = ("--preload", "float32", "--max-connections", str(CONNECTIONS_MAX))
    with running_service(digits_alone, log, *options) as service:
        yield service


@pytest.mark.parametrize(("last", "status"), LAST.values(), ids=LAST)
def test_the_last_answer_arrives_though_the_client_still_sends(
    bounded: RunningService, last: bytes, status: int
) -> None:
    with Connection(bounded.client) as connection:
        connection.send(GOOD)
        assert connection.read().status == 200
        connection.send(last + MORE)
        answer = connection.read()
        assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert connection.rest() == b""


def test_one_connection_too_many_is_told_so_though_it_sends(bounded: RunningService) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS_MAX):
            stack.enter_context(Connection(bounded.client))
        with Connection(bounded.client) as connection:
            connection.send(GOOD + MORE)
            answer = connection.read()
            assert answer.status == 503
            assert str(CONNECTIONS_MAX) in answer.detail
            assert connection.rest() == b""


def test_who_neither_speaks_nor_closes_is_let_go(bounded: RunningService) -> None:
    with Connection(bounded.client) as connection:
        connection.send(CLOSING)
        assert connection.read().status == 200
        assert connection.rest() == b""
        ours, service = connection.socket.getsockname()[1], psutil.Process(bounded.process.pid)
        wait_until(lambda: ours not in {one.raddr.port for one in service.net_connections() if one.raddr})


def test_who_sends_on_and_on_is_cut_off(bounded: RunningService) -> None:
    with Connection(bounded.client) as connection:
        connection.send(CLOSING)
        assert connection.read().status == 200
        with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012 - the loop is what must end
            while True:
                connection.send(MORE)


@pytest.mark.parametrize("loop", LOOPS)
def test_who_takes_nothing_of_its_last_answer_is_cut_off(loop: str) -> None:
    async def body(there: Listening) -> None:
        host.may_answer.set()
        with client_of(f"http://127.0.0.1:{there.port}") as service, Connection(service) as client:
            client.send(GET[:-2] + b"connection: close\r\n\r\n")
            await until(lambda: host.asked and not there.connections)
            await none_lingers(30)
            assert len(await asyncio.to_thread(client.rest)) < len(MORE)

    host = Host()
    host.answer = MORE
    serve(loop, body, host, idle_timeout_s=1)
