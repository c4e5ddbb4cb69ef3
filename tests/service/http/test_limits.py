"""A client gets the bytes, the rows, the time and the connections that were agreed, and no more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.patience import wait_until
from tests.running_service import running_service
from tests.service.connection import Connection, request
from tests.service.metrics_text import sample, wait_for

ROW = b'{"instances": [[' + b",".join([b"0"] * 64) + b"]]}"
GOOD = request(ROW)
IDLE_S = 2  # longer than the others, so that which limit has closed a connection can be told


@pytest.fixture(scope="module")
def strict(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service with limits that a test can reach."""
    limits = {
        "max-body-bytes": 4000,
        "max-rows": 3,
        "max-head-bytes": 2000,
        "max-connections": 8,
        "head-timeout-s": 0.5,
        "body-timeout-s": 0.5,
        "idle-timeout-s": IDLE_S,
    }
    arguments = [part for name, value in limits.items() for part in (f"--{name}", str(value))]
    arguments += ["--preload", "float32"]
    with running_service(digits_alone, tmp_path_factory.mktemp("strict") / "log", *arguments) as service:
        yield service.client


@pytest.fixture
def connection(strict: httpx.Client) -> Iterator[Connection]:
    with Connection(strict) as connection:
        yield connection
    # Others need the place.
    wait_for_places(strict)


def wait_for_places(strict: httpx.Client) -> None:
    """Wait until the service has noticed that the connections of a test are gone."""

    def is_answered() -> bool:
        with Connection(strict) as probe:
            probe.send(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
            return probe.read().status == 200

    wait_until(is_answered)


def test_a_body_may_be_as_long_as_allowed(connection: Connection) -> None:
    connection.send(request(ROW.ljust(4000)))
    assert connection.read().status == 200
    connection.send(request(ROW.ljust(4001)))
    answer = connection.read()
    assert answer.status == 413
    assert answer.detail == "the body is 4001 bytes long; at most 4000 are allowed"
    connection.send(GOOD)
    assert connection.read().status == 200


def test_a_body_in_chunks_is_cut_off_where_it_becomes_too_long(connection: Connection) -> None:
    connection.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(5):
        connection.send(b"3e8\r\n" + b" " * 1000 + b"\r\n")  # and there is no end to it
    answer = connection.read()
    assert answer.status == 413
    assert answer.detail == "the body is longer than 4000 bytes"


def test_rows_beyond_the_limit_are_a_413(strict: httpx.Client) -> None:
    octets = {"content-type": "application/octet-stream"}
    assert strict.post("/predict", content=bytes(3 * 256), headers=octets).status_code == 200
    answer = strict.post("/predict", content=bytes(4 * 256), headers=octets)
    assert answer.status_code == 413
    assert answer.json()["detail"] == "there are 4 rows; at most 3 are allowed in a request"


@pytest.mark.parametrize("sent", [0, 1, len(ROW) - 1])
def test_a_body_that_does_not_arrive_is_a_408_and_the_end(connection: Connection, sent: int) -> None:
    connection.send(GOOD[: len(GOOD) - len(ROW) + sent])
    answer = connection.read()
    assert answer.status == 408
    assert answer.detail == "the body did not arrive within 0.5 s"
    assert answer.headers["connection"] == "close"
    assert connection.is_closed()


def test_a_client_that_waits_for_100_continue_gets_it(connection: Connection) -> None:
    connection.send(request(ROW, "expect: 100-continue")[: -len(ROW)])
    assert connection.read().status == 100
    connection.send(ROW)
    assert connection.read().status == 200


def test_an_idle_connection_is_closed(connection: Connection) -> None:
    connection.send(GOOD)
    assert connection.read().status == 200
    start = time.monotonic()
    assert connection.is_closed()
    assert time.monotonic() - start > 1  # by this limit, and not by that for a head


def test_a_request_in_two_pieces_leaves_as_much_time_to_the_next_as_one_in_one(strict: httpx.Client) -> None:
    places = (10, 30, -len(ROW))
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(strict)) for _ in places]
        for connection, place in zip(connections, places, strict=True):
            connection.send(GOOD[:place])
        # So that the pieces are read in two turns, and the second when nobody else is there.
        strict.get("/health/live", headers={"connection": "close"})
        start = time.monotonic()
        for connection, place in zip(connections, places, strict=True):
            connection.send(GOOD[place:])
            assert connection.read().status == 200
        for connection in connections:
            assert connection.is_closed()
            assert time.monotonic() - start > 1  # by the limit for idle connections, not by that for a head


@pytest.mark.parametrize("place", [10, 100, len(GOOD)])
def test_a_body_with_a_head_behind_it_is_not_taken_for_that_head(
    strict: httpx.Client, connection: Connection, place: int
) -> None:
    content = request(ROW.ljust(3900)) + GOOD  # and a head may have 2000 bytes
    for piece in (content[:place], content[place : -len(ROW) - 5], content[-len(ROW) - 5 :]):
        connection.send(piece)
        strict.get("/health/live")
    assert [connection.read().status for _ in range(2)] == [200, 200]


def test_a_connection_on_which_nothing_comes_is_closed(connection: Connection) -> None:
    assert connection.is_closed()


@pytest.mark.parametrize("before", [b"", GOOD])
def test_a_head_that_comes_a_byte_at_a_time_ends_its_connection_and_disturbs_nobody(
    strict: httpx.Client, connection: Connection, before: bytes
) -> None:
    connection.send(before)
    if before:
        assert connection.read().status == 200
    head = iter(b"POST /predict HTTP/1.1\r\nx: " + b"y" * 1000)
    served = 0
    with pytest.raises(OSError, match=r"reset|pipe"):  # noqa: PT012 - the loop is what must end
        while True:
            connection.send(bytes([next(head)]))
            assert strict.post("/predict", content=ROW).status_code == 200
            served += 1
            time.sleep(0.005)  # the client's slowness is what is tested
    assert served > 10


@pytest.mark.parametrize("noise", [b"\r\n", b"\n"])
def test_empty_lines_do_not_keep_a_connection_open(connection: Connection, noise: bytes) -> None:
    connection.send(GOOD)
    assert connection.read().status == 200
    connection.send(noise)
    assert connection.is_closed()


def test_the_rest_of_a_refused_body_does_not_keep_a_connection_open(connection: Connection) -> None:
    connection.send(request(b" " * 100_000)[:-90_000])
    assert connection.read().status == 413
    connection.send(b" ")
    assert connection.is_closed()


@pytest.mark.parametrize(
    "head",
    [
        b"POST /predict HTTP/1.1\r\nhost: x\r\nx-large: " + b"a" * 2001,
        b"POST /predict HTTP/1.1\r\nhost: x\r\nx-large: " + b"a" * 2001 + b"\r\ncontent-length: 0\r\n\r\n",
        b"POST /predict?" + b"a" * 2001,
        b"GET /" + b"a" * 2001 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /predict HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % i for i in range(500)),
    ],
    ids=["unfinished", "finished", "query", "path", "many"],
)
def test_a_head_that_is_too_large_is_a_431_and_the_end(connection: Connection, head: bytes) -> None:
    connection.send(head)
    answer = connection.read()
    assert answer.status == 431
    assert answer.detail == "the request line and headers are longer than 2000 bytes"
    assert connection.is_closed()


def test_a_head_that_grows_too_large_is_a_431(connection: Connection) -> None:
    connection.send(b"POST /predict HTTP/1.1\r\n")
    for _ in range(18):  # the eighteenth passes the limit: one more would meet a closed connection
        connection.send(b"x-large: " + b"a" * 100 + b"\r\n")
    assert connection.read().status == 431


def test_connections_beyond_the_limit_are_told_so_and_a_place_freed_is_a_place_again(
    strict: httpx.Client,
) -> None:
    strict.get("/health/live")  # one place is this client's, if it is not cut by the idle limit
    held = []
    refused = None
    while refused is None:
        connection = Connection(strict)
        connection.send(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        answer = connection.read()
        if answer.status == 503:
            refused = answer
            assert connection.is_closed()
            connection.close()
        else:
            held.append(connection)
        assert len(held) <= 8
    assert refused.detail == "there are 8 connections; no more are allowed"
    assert len(held) >= 7
    for connection in held:  # those who have a place are served on
        connection.send(GOOD)
        assert connection.read().status == 200
    for connection in held:
        connection.close()
    wait_for_places(strict)


def test_a_compressed_body_is_refused_unread(connection: Connection) -> None:
    connection.send(request(b"\x1f\x8b" * 10, "content-encoding: gzip"))
    assert connection.read().status == 415


def test_pipelined_requests_are_answered_in_order(connection: Connection) -> None:
    small, large = np.zeros((1, 64), "<f4"), np.zeros((3, 64), "<f4")
    octets = "content-type: application/octet-stream"
    for _ in range(20):
        connection.send(request(small.tobytes(), octets) + request(large.tobytes(), octets) + GOOD)
    for number in range(60):
        answer = connection.read()
        assert answer.status == 200
        assert answer.body.count(b"[") == [3, 5, 3][number % 3]


def test_many_pipelined_requests_are_not_one_large_head(connection: Connection) -> None:
    """The last of them is cut off in its head, and what came before it is longer than a head may be."""
    all_of_them = GOOD * 40
    assert len(all_of_them) > 3 * 2000
    connection.send(all_of_them + GOOD[:30])
    for _ in range(40):
        assert connection.read().status == 200
    connection.send(GOOD[30:])
    assert connection.read().status == 200


def test_a_request_of_http_1_0_is_answered_and_its_connection_closed(connection: Connection) -> None:
    connection.send(request(ROW, version="1.0"))
    answer = connection.read()
    assert answer.status == 200
    assert connection.is_closed()


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/predict", "/nowhere"])
def test_a_head_request_has_no_body_and_the_connection_goes_on(connection: Connection, path: str) -> None:
    connection.send(f"HEAD {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    assert connection.read(has_body=False).status in (200, 404, 405)
    connection.send(GOOD)
    assert connection.read().status == 200


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the beginning of TLS
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PREDICT /predict HTTP/1.1\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: \x00\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: \r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: 1_0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /predict HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_is_a_400_and_the_end(connection: Connection, noise: bytes) -> None:
    connection.send(noise)
    answer = connection.read()
    assert answer.status == 400, answer
    assert connection.is_closed()


def test_an_upgrade_is_not_taken_up_and_the_request_is_answered(connection: Connection) -> None:
    connection.send(b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n")
    assert connection.read().status == 200


def test_what_was_refused_is_counted_without_a_model(strict: httpx.Client) -> None:
    series = 'requests_total{model="",outcome="%s",variant=""}'
    before = sample(strict.get("/metrics").text, series % 413)
    strict.post("/predict", content=bytes(5000))
    assert wait_for(strict, series % 413, lambda value: value > before) == before + 1
