from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.errors import ServiceError, WireError
from loadtests.protocol.endpoint import Endpoint
from loadtests.protocol.wire import Connection
from tests.patience import PATIENCE_S


@contextmanager
def _answering(*pieces: bytes) -> Iterator[Connection]:
    """Connect to a server that reads one request and answers with these pieces, and then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with (
                accepted,
                suppress(BrokenPipeError, ConnectionResetError),
            ):  # whoever has read enough closes the connection
                accepted.recv(1024)
                for piece in pieces:
                    accepted.sendall(piece)

        server = threading.Thread(target=serve)
        server.start()
        try:
            with _connected(listener) as connection:
                yield connection
        finally:
            server.join()


def _connected(listener: socket.socket) -> Connection:
    return Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}").connect(timeout_s=PATIENCE_S)


def exchange(connection: Connection) -> tuple[int, bytes]:
    """Send a request, and return its answer."""
    connection.send(b"POST / HTTP/1.1\r\n\r\n")
    return connection.receive()


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;name=value\r\ncde\r\n0\r\nTrailer: x\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (OK + b"Content-Length: 9\r\n\r\nhalf", "closed in the middle of"),
        (OK + b"Content-", "closed in the middle of"),
        (CHUNKED[:-8], "closed in the middle of"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "closed in the middle of"),
        (OK + b"Content-Length: 1\r\n\r\nab", "more came than one answer"),
        (OK + b"Content-Length: 1\r\n\r\na" + OK + b"Content-Length: 1\r\n\r\nb", "more came than one"),
        (OK + b"Content-Length: 1\r\nConnection: close\r\n\r\nab", "more came than one answer"),
        (CHUNKED + CHUNKED, "more came than one answer"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nab", "more came than one answer"),
        (b"", "closed before"),
        (b"nonsense\r\nContent-Length: 0\r\n\r\n", r"not HTTP \([A-Z]"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not HTTP"),
        (b"HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "not HTTP"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "not HTTP"),
        (OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na", "not HTTP"),
        (OK + b"Content-Length: 18446744073709551616\r\n\r\na", "not HTTP"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nlots\r\n", "not HTTP"),
    ],
)
def test_what_is_no_whole_answer_is_an_error(answer: bytes, reason: str) -> None:
    # What comes too much may come too late: after an answer that was whole, and before the next is asked for.
    by_bytes = [] if "more came" in reason else [_bytes_of(answer)]
    for pieces in [[answer], *by_bytes]:
        with _answering(*pieces) as connection, pytest.raises(WireError, match=reason):
            exchange(connection)


@pytest.mark.parametrize(
    ("answer", "read", "stays_open"),
    [
        (CHUNKED, (200, b"abcde"), True),
        (CHUNKED.replace(b"200", b"503"), (503, b"abcde"), True),
        (OK + b"\r\nuntil the end", (200, b"until the end"), False),
        (OK + b"\r\n", (200, b""), False),
        (OK + b"X-Content-Length: 3\r\n\r\nabcdef", (200, b"abcdef"), False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b""), True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", (304, b""), True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nab", (200, b"ab"), True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + CHUNKED, (200, b"abcde"), True),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", (101, b""), False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", (200, b"a"), False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", (200, b"a"), True),
        (OK + b"Connection: Upgrade, close\r\nContent-Length: 1\r\n\r\na", (200, b"a"), False),
        (OK + b"Connection: keep-alive\r\nContent-Length: 1\r\n\r\na", (200, b"a"), True),
        (OK + b"X: folded\r\n Content-Length: 9\r\ncontent-LENGTH:1\r\n\r\na", (200, b"a"), True),
        (
            OK + b"X: a \r\n\t b\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            (200, b"a"),
            True,
        ),
        (b"HTTP/1.1 200 OK\nContent-Length: 1\n\na", (200, b"a"), True),
        (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", (200, b"a"), True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <x>;\r\n y\r\n\r\n" + CHUNKED, (200, b"abcde"), True),
    ],
)
def test_every_way_to_say_where_an_answer_ends_is_understood(
    answer: bytes, read: tuple[int, bytes], stays_open: bool
) -> None:
    """Whether it comes at once or byte by byte."""
    for pieces in [answer], _bytes_of(answer):
        with _answering(*pieces) as connection:
            assert exchange(connection) == read
            assert connection.is_open == stays_open


def test_answers_follow_one_another_however_each_is_framed() -> None:
    sized = OK + b"Content-Length: 2\r\n\r\nok"
    answers = [CHUNKED, sized, b"HTTP/1.1 204 No Content\r\n\r\n", CHUNKED, sized]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = _connected(listener)
        accepted, _ = listener.accept()
        with connection, accepted:
            found = []
            for answer in answers:
                accepted.sendall(answer)
                found.append(connection.receive())
    assert found == [(200, b"abcde"), (200, b"ok"), (204, b""), (200, b"abcde"), (200, b"ok")]


def _bytes_of(answer: bytes) -> list[bytes]:
    return [answer[place : place + 1] for place in range(len(answer))]


STATUSES = st.integers(200, 599).filter(lambda status: status not in {204, 304})  # these have no body


@given(st.binary(max_size=60), st.lists(st.integers(1, 90), max_size=6), STATUSES)
def test_an_answer_in_any_pieces_is_put_together(body: bytes, cuts: list[int], status: int) -> None:
    answer = b"HTTP/1.1 %d X\r\ncontent-LENGTH:  %d \r\nServer: x\r\n\r\n" % (status, len(body)) + body
    edges = [0, *sorted(set(cuts)), len(answer)]
    pieces = [answer[start:end] for start, end in pairwise(edges)]
    with _answering(*pieces) as connection:
        assert exchange(connection) == (status, body)
        assert connection.is_open


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 2\r\n\r\nok",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
)
def test_neither_a_long_request_nor_a_slow_answer_is_waited_for(answer: bytes) -> None:
    request = b"x" * 2**24
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = _connected(listener)
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
        assert exchange(connection) == (200, b"")
        assert not connection.is_open


def test_a_service_that_is_not_there_is_an_error(unused_address: str) -> None:
    with pytest.raises(ServiceError, match="no service answers at"):
        Endpoint(unused_address).connect(timeout_s=PATIENCE_S)
