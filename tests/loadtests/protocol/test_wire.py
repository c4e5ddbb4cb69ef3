from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import ServiceError, WireError
from loadtests.protocol.wire import Connection, encode


@contextmanager
def _answering(*pieces: bytes) -> Iterator[Connection]:
    """Connect to a server that reads one request and answers with these pieces, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with accepted:
                accepted.recv(1024)
                for piece in pieces:
                    accepted.sendall(piece)

        server = threading.Thread(target=serve)
        server.start()
        try:
            with Connection(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=30.0) as connection:
                yield connection
        finally:
            server.join()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "does not say how long"),
        (b"HTTP/1.1 200 OK\r\nX-Content-Length: 3\r\n\r\nabc", "does not say how long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "closed in the middle of"),
        (b"HTTP/1.1 200 OK\r\nContent-", "closed in the middle of"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "more came than one answer"),
        (b"", "closed before"),
        (b"nonsense\r\nContent-Length: 0\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n", "not HTTP"),
    ],
)
def test_what_is_no_whole_answer_is_an_error(answer: bytes, reason: str) -> None:
    with _answering(answer) as connection, pytest.raises(WireError, match=reason):
        connection.exchange(b"POST / HTTP/1.1\r\n\r\n")


@given(st.binary(max_size=60), st.lists(st.integers(1, 90), max_size=6), st.integers(100, 599))
def test_an_answer_in_any_pieces_is_put_together(body: bytes, cuts: list[int], status: int) -> None:
    answer = b"HTTP/1.1 %d X\r\ncontent-LENGTH:  %d \r\nServer: x\r\n\r\n" % (status, len(body)) + body
    edges = [0, *sorted(set(cuts)), len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(edges)]
    with _answering(*pieces) as connection:
        assert connection.exchange(b"POST / HTTP/1.1\r\n\r\n") == (status, body)
        assert connection.is_open


def test_neither_a_long_request_nor_a_slow_answer_is_waited_for() -> None:
    request, answer = b"x" * 2**24, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=30.0)
        accepted, _ = listener.accept()
        with connection, accepted:
            connection.unblock()
            assert connection.poll() is None
            assert not connection.push(request)  # more than the system takes
            received = len(accepted.recv(2**16))
            while not connection.push():
                received += len(accepted.recv(2**16))
            while received < len(request):
                received += len(accepted.recv(2**16))
            assert received == len(request)
            accepted.sendall(answer[:20])
            assert _polled(connection) is None
            accepted.sendall(answer[20:])
            assert _polled(connection) == (200, b"ok")


def _polled(connection: Connection) -> tuple[int, bytes] | None:
    select.select([connection], [], [], 30.0)
    return connection.poll()


def test_a_connection_that_will_be_closed_says_so() -> None:
    with _answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") as connection:
        assert connection.exchange(b"POST / HTTP/1.1\r\n\r\n") == (200, b"")
        assert not connection.is_open


def test_a_service_that_is_not_there_is_an_error(unused_address: str) -> None:
    with pytest.raises(ServiceError, match="no service answers at"):
        Connection(unused_address, timeout_s=5.0)


def test_a_request_goes_under_the_path_of_its_host() -> None:
    assert encode("http://there:81/under/", "/predict?x=1", b"{}") == (
        b"POST /under/predict?x=1 HTTP/1.1\r\nHost: there:81\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
