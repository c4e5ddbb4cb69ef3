"""The bodies of all requests together take no more than was agreed, and the oldest come through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from operator import le
from pathlib import Path

import httpx
import psutil
import pytest

from tests.running_service import RunningService, running_service
from tests.service.connection import Connection, request
from tests.service.metrics_text import wait_for

ROW = b'{"instances": [[' + b",".join([b"0"] * 64) + b"]]}"
BODY_BYTES = 200_000
ALL_BYTES = 1_000_000
SENT = 150_000  # of each body: six of them fit
BEGUN = 12
GOOD = request(ROW)

Form = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def narrow(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("narrow") / "log"
    bounds = ("--max-body-bytes", str(BODY_BYTES), "--max-bodies-bytes", str(ALL_BYTES))
    with running_service(digits_alone, log, "--preload", "float32", *bounds) as service:
        yield service


def whole(body: bytes) -> bytes:
    return request(body)


def chunked(body: bytes) -> bytes:
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize("form", [whole, chunked])
def test_where_all_bodies_are_too_large_the_youngest_are_refused_and_the_oldest_answered(
    narrow: RunningService, form: Form
) -> None:
    content = form(ROW.ljust(BODY_BYTES))
    with ExitStack() as stack:
        begun = [stack.enter_context(Connection(narrow.client)) for _ in range(BEGUN)]
        for connection in begun:
            connection.send(content[:SENT])
            narrow.client.get("/health/live")  # so that it is the youngest when the next begins
        answers = [connection.read() for connection in begun[6:]]  # before any of the oldest makes room
        for connection in begun:
            connection.send(content[SENT:])
        answers = [connection.read() for connection in begun[:6]] + answers
        statuses = [answer.status for answer in answers]
        assert statuses == sorted(statuses)  # 200 to the oldest, 503 to the youngest
        assert 4 <= statuses.count(200) <= 6
        assert statuses.count(200) + statuses.count(503) == BEGUN
        assert answers[-1].detail == f"the bodies that are being received take more than {ALL_BYTES} bytes"
        assert answers[-1].headers["retry-after"] == "1"
        for connection in begun:  # those that were refused as well
            connection.send(GOOD)
            assert connection.read().status == 200


def test_the_place_of_a_client_that_left_is_a_place_again(narrow: RunningService) -> None:
    content = request(ROW.ljust(BODY_BYTES))
    gone = 'requests_total{model="",outcome="disconnected",variant=""}'
    for left in (6, 12, 18):
        with ExitStack() as stack:
            for _ in range(6):
                stack.enter_context(Connection(narrow.client)).send(content[:SENT])
            narrow.client.get("/health/live")
        wait_for(narrow.client, gone, partial(le, left))
    with ExitStack() as stack:
        begun = [stack.enter_context(Connection(narrow.client)) for _ in range(5)]
        for connection in begun:
            connection.send(content[:SENT])
        for connection in begun:
            connection.send(content[SENT:])
        assert [connection.read().status for connection in begun] == [200] * 5


@pytest.mark.parametrize("form", [whole, chunked])
def test_many_clients_in_the_middle_of_large_bodies_take_bounded_memory(
    service: RunningService, form: Form
) -> None:
    content = form(ROW.ljust(15_000_000))
    half, rest = content[:7_500_000], content[7_500_000:]
    process = psutil.Process(service.process.pid)
    before = process.memory_info().rss
    with ExitStack() as stack:
        # Of all of them it would be 300 MB, if they were kept.
        begun = [stack.enter_context(Connection(service.client)) for _ in range(40)]
        for connection in begun:
            connection.send(half)
            service.client.get("/health/live")
        assert process.memory_info().rss - before < 250e6  # 128 MiB, and what lies between client and service
        begun[0].send(rest)
        assert begun[0].read().status == 200


def test_small_requests_are_answered_while_others_are_in_the_middle_of_large_bodies(
    narrow: RunningService, client: httpx.Client
) -> None:
    content = request(ROW.ljust(BODY_BYTES))
    with ExitStack() as stack:
        for _ in range(BEGUN):
            stack.enter_context(Connection(narrow.client)).send(content[:SENT])
        for _ in range(20):
            assert narrow.client.post("/predict", content=ROW).status_code == 200


def test_a_connection_keeps_nothing_of_a_long_body_that_was_answered(service: RunningService) -> None:
    content = request(ROW.ljust(10_000_000), query="?model=digits")
    process = psutil.Process(service.process.pid)
    before = process.memory_info().rss
    with ExitStack() as stack:
        for _ in range(25):  # 250 MB in all
            connection = stack.enter_context(Connection(service.client))
            connection.send(content)
            assert connection.read().status == 200
        assert process.memory_info().rss - before < 200e6
