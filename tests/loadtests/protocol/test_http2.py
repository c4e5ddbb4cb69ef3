"""A connection over HTTP/2, to servers that do what they may, and what they may not."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from loadtests.errors import WireError
from loadtests.protocol import hpack, http2
from loadtests.protocol.address import Address
from loadtests.protocol.http2 import Http2Connection
from loadtests.workload.payloads import Body
from tests.patience import PATIENCE_S

ADDRESS = Address.of("grpc://127.0.0.1:1")
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 32


class Server:
    """The other side of a connection, which a test speaks for."""

    def __init__(self, side: socket.socket) -> None:
        self._socket = side
        self._rest = b""

    def send(self, *frames: bytes) -> None:
        self._socket.sendall(b"".join(frames))

    def close(self) -> None:
        self._socket.close()

    def greeting(self) -> bytes:
        return self._read(24)

    def frame(self) -> tuple[int, int, int, bytes]:
        """Return kind, flags, stream and payload of the next frame."""
        head = self._read(9)
        size = int.from_bytes(head[:3], "big")
        return head[3], head[4], int.from_bytes(head[5:], "big"), self._read(size)

    def frames_until_end(self) -> list[tuple[int, int, int, bytes]]:
        found = [self.frame()]
        while not (found[-1][0] == DATA and found[-1][1] & END_STREAM):
            found.append(self.frame())
        return found

    def _read(self, size: int) -> bytes:
        while len(self._rest) < size:
            piece = self._socket.recv(65536)
            assert piece
            self._rest += piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


@pytest.fixture
def pair() -> Iterator[tuple[Http2Connection, Server]]:
    ours, theirs = socket.socketpair()
    for side in (ours, theirs):
        side.settimeout(PATIENCE_S)
    connection, server = Http2Connection(ours), Server(theirs)
    assert server.greeting() == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    kind, _, _, settings = server.frame()
    assert kind == SETTINGS
    told = dict(struct.iter_unpack(">HI", settings))
    assert (told[1], told[2]) == (0, 0)  # no table, no pushes
    assert server.frame()[0] == WINDOW
    yield connection, server
    connection.close()
    theirs.close()


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _message(content: bytes) -> bytes:
    return b"\0" + len(content).to_bytes(4, "big") + content


HEAD = b"\x88" + hpack.encode([("content-type", "application/grpc")])
GOOD = hpack.encode([("grpc-status", "0")])


def _answer(stream: int, content: bytes) -> list[bytes]:
    return [
        _frame(HEADERS, END_HEADERS, stream, HEAD),
        _frame(DATA, 0, stream, _message(content)),
        _frame(HEADERS, END_HEADERS | END_STREAM, stream, GOOD),
    ]


def _request(content: bytes = b"question") -> bytes:
    return http2.encode(ADDRESS, "/a.B/C", Body(content, ()))


def test_each_call_has_a_stream_of_its_own_and_its_message(pair: tuple[Http2Connection, Server]) -> None:
    connection, server = pair
    for stream in (1, 3, 5):
        connection.send(_request())
        (head, data) = server.frames_until_end()
        assert (head[0], head[2], data[2]) == (HEADERS, stream, stream)
        fields = hpack.decode(head[3])
        assert (fields[":method"], fields[":path"], fields["te"]) == ("POST", "/a.B/C", "trailers")
        assert data[3] == _message(b"question")
        server.send(*_answer(stream, b"answer"))
        assert connection.receive() == (200, b"answer")
    assert connection.is_open
    assert connection.answers == 3


def test_an_answer_is_whole_however_it_comes_in_pieces(pair: tuple[Http2Connection, Server]) -> None:
    connection, server = pair
    connection.unblock()
    assert connection.push(_request())
    server.frames_until_end()
    pieces = b"".join(_answer(1, b"answer"))
    for byte in pieces[:-1]:
        server.send(bytes([byte]))
        assert connection.poll() is None
    server.send(pieces[-1:])
    assert connection.poll() == (200, b"answer")


def test_padding_priorities_and_heads_that_go_on_are_read(pair: tuple[Http2Connection, Server]) -> None:
    connection, server = pair
    connection.send(_request())
    server.frames_until_end()
    server.send(
        _frame(HEADERS, PADDED | PRIORITY, 1, b"\x03" + bytes(5) + HEAD[:2] + bytes(3)),
        _frame(CONTINUATION, END_HEADERS, 1, HEAD[2:]),
        _frame(DATA, PADDED, 1, b"\x02" + _message(b"answer")[:4] + bytes(2)),
        _frame(DATA, 0, 1, _message(b"answer")[4:]),
        _frame(HEADERS, END_STREAM, 1, GOOD[:3]),
        _frame(CONTINUATION, END_HEADERS, 1, GOOD[3:]),
    )
    assert connection.receive() == (200, b"answer")


def test_pings_and_settings_are_answered_also_while_nothing_is_asked(
    pair: tuple[Http2Connection, Server],
) -> None:
    connection, server = pair
    connection.unblock()
    server.send(_frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 70_000)), _frame(PING, 0, 0, b"12345678"))
    assert connection.poll() is None
    assert server.frame()[:2] == (SETTINGS, 1)
    assert server.frame() == (PING, 1, 0, b"12345678")


def test_no_more_is_sent_than_the_server_has_room_for(pair: tuple[Http2Connection, Server]) -> None:
    connection, server = pair
    connection.unblock()
    content = bytes(200_000)
    assert not connection.push(_request(content))
    sent = 0
    assert server.frame()[0] == HEADERS
    while sent < 3 * 16384:
        sent += len(server.frame()[3])
    assert sent == 3 * 16384  # a fourth frame would be more than 65,535 bytes
    assert connection.poll() is None
    room = struct.pack(">I", 10**6)
    server.send(_frame(WINDOW, 0, 0, room))
    assert connection.poll() is None
    assert not connection.push()  # there is room for the connection, and none for the stream
    server.send(_frame(WINDOW, 0, 1, room))
    assert connection.poll() is None
    assert connection.push()
    sent += sum(len(payload) for *_, payload in server.frames_until_end())
    assert sent == len(content) + 5


def test_a_refusal_is_the_status_of_http_and_what_was_said(pair: tuple[Http2Connection, Server]) -> None:
    connection, server = pair
    for stream, (code, status) in enumerate({3: 400, 5: 404, 8: 429, 12: 501, 13: 500, 14: 503}.items()):
        connection.send(_request())
        server.frames_until_end()
        fields = [("grpc-status", str(code)), ("grpc-message", "no %C3%BC")]
        server.send(_frame(HEADERS, 5, 2 * stream + 1, b"\x88" + hpack.encode(fields)))
        assert connection.receive() == (status, b'{"error": "no \\u00fc"}')


@pytest.mark.parametrize(
    ("frames", "complaint"),
    [
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "the answer is not HTTP/2"),
        ([_frame(HEADERS, 5, 1, b"\x8d")], r"the answer is not gRPC \(status 404\)"),
        ([_frame(HEADERS, 5, 1, b"\x88")], r"the answer is not gRPC \(status 200\)"),
        ([_frame(HEADERS, 4, 1, HEAD), _frame(DATA, 1, 1, _message(b"x"))], "the answer is not gRPC"),
        ([_frame(HEADERS, 5, 1, HEAD + GOOD)], "not one plain message"),
        (
            [
                _frame(HEADERS, 4, 1, HEAD),
                _frame(DATA, 0, 1, b"\x01" + _message(b"x")[1:]),
                _frame(HEADERS, 5, 1, GOOD),
            ],
            "not one plain message",
        ),
        ([_frame(RESET, 0, 1, struct.pack(">I", 8))], r"the call was reset \(code 8\)"),
        ([_frame(GOAWAY, 0, 0, bytes(8))], "the server ends the connection"),
        ([_frame(HEADERS, 4, 1, b"\0")], "a head that is not HTTP/2"),
        ([_frame(HEADERS, 0, 1), *[_frame(CONTINUATION, 0, 1, bytes(16384))] * 5], "a head that is too long"),
        (
            [_frame(HEADERS, 5, 1, hpack.encode([(":status", "200"), ("grpc-status", "1" * 5000)]))],
            "the answer is not gRPC",
        ),
    ],
)
def test_whatever_is_no_answer_is_told(
    frames: list[bytes], complaint: str, pair: tuple[Http2Connection, Server]
) -> None:
    connection, server = pair
    connection.send(_request())
    server.frames_until_end()
    server.send(*frames)
    with pytest.raises(WireError, match=complaint):
        connection.receive()


def test_after_an_answer_to_half_a_request_nothing_more_is_sent(pair: tuple[Http2Connection, Server]) -> None:
    connection, server = pair
    connection.unblock()
    assert not connection.push(_request(bytes(200_000)))
    refusal = hpack.encode([(":status", "200"), ("grpc-status", "8"), ("grpc-message", "too long")])
    server.send(_frame(HEADERS, END_HEADERS | END_STREAM, 1, refusal))
    assert connection.poll() == (429, b'{"error": "too long"}')
    assert not connection.is_open


def test_a_server_that_goes_away_answers_what_it_has_taken_and_no_more(
    pair: tuple[Http2Connection, Server],
) -> None:
    connection, server = pair
    connection.send(_request())
    server.frames_until_end()
    server.send(_frame(GOAWAY, 0, 0, struct.pack(">II", 1, 0)), *_answer(1, b"answer"))
    assert connection.receive() == (200, b"answer")
    assert not connection.is_open


def test_of_a_request_that_the_server_did_not_look_at_that_is_known(
    pair: tuple[Http2Connection, Server],
) -> None:
    connection, server = pair
    connection.send(_request())
    server.frames_until_end()
    assert not connection.is_untouched
    server.send(_frame(GOAWAY, 0, 0, bytes(8)))
    with pytest.raises(WireError):
        connection.receive()
    assert connection.is_untouched


@pytest.mark.parametrize("frames", [[], [_frame(HEADERS, 4, 1, HEAD)]])
def test_the_end_of_the_connection_is_no_answer(
    frames: list[bytes], pair: tuple[Http2Connection, Server]
) -> None:
    connection, server = pair
    connection.send(_request())
    server.frames_until_end()
    server.send(*frames)
    server.close()
    with pytest.raises(WireError, match=r"the connection was closed (before|in the middle of) an answer"):
        connection.receive()
