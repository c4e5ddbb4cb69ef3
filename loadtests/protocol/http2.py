"""One kept-alive HTTP/2 connection to a gRPC server, that asks for one thing at a time.

Each user of a load has a connection of its own, as over HTTP/1.1, so both loops send over it as they do over
that: ready-made frames out, of which only the number of the stream changes, and an answer in. What gRPC's own
library does in a request costs several times what a small model takes.
"""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from contextlib import suppress
from urllib.parse import unquote

from loadtests.errors import WireError
from loadtests.protocol import hpack
from loadtests.protocol.address import Address
from loadtests.protocol.wire import Connection
from loadtests.workload.payloads import Body

_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW, _CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_FRAME_MAX = 16384  # of what either side may send in one frame
_WINDOW_USUAL = 65535
_WINDOW_MAX = 2**31 - 1
_STREAMS_MAX = 2**30
_BLOCK_MAX = 65536  # bytes of a head: whoever sends more never comes to an end
_HEAD = struct.Struct(">BHBBI")  # length (in two parts), type, flags, stream
_PREFIX = struct.Struct(">BI")  # of a gRPC message: whether it is compressed, and its length
_INITIAL_WINDOW = 4  # of the settings
_STATUSES = {0: 200, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 11: 400, 12: 501, 14: 503, 16: 401}
"""What HTTP calls the codes of gRPC; 500 for all others."""


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    size = len(payload)
    return _HEAD.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


# We keep no table of fields (1), take no pushes (2), and never let the server wait for us to read (4).
_OPENING = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    + _frame(_SETTINGS, 0, 0, struct.pack(">HIHIHI", 1, 0, 2, 0, _INITIAL_WINDOW, _WINDOW_MAX))
    + _frame(_WINDOW, 0, 0, struct.pack(">I", _WINDOW_MAX - _WINDOW_USUAL))
)


def encode(address: Address, path: str, body: Body) -> bytes:
    """Return the frames of a call of a method, `body` being its message; a connection numbers them."""
    fields = [
        (":method", "POST"),
        (":scheme", "https" if address.is_secure else "http"),
        (":path", f"{address.prefix}{path}"),
        (":authority", address.authority),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        *([("authorization", address.authorization)] if address.authorization else []),
    ]
    message = _PREFIX.pack(0, len(body)) + body.content
    parts = [message[at : at + _FRAME_MAX] for at in range(0, len(message), _FRAME_MAX)]
    frames = [_frame(_HEADERS, _END_HEADERS, 0, hpack.encode(fields))]
    frames += [_frame(_DATA, 0, 0, part) for part in parts[:-1]]
    frames.append(_frame(_DATA, _END_STREAM, 0, parts[-1]))
    return b"".join(frames)


class Http2Connection(Connection):
    """A connection that answers with HTTP's status, and the message; of a refusal, `{"error": ...}`."""

    def __init__(self, opened: socket.socket, *, answers_max: int = 0) -> None:
        """Greet the server. Raises OSError."""
        super().__init__(opened, answers_max=answers_max)
        opened.sendall(_OPENING)
        self._stream = -1
        self._out = bytearray()  # whole frames that may be sent, the first of them in part
        self._held: deque[bytes] = deque()  # frames of the request for which there is no room yet
        self._window = _WINDOW_USUAL  # that the server gives to all streams together,
        self._window_each = _WINDOW_USUAL  # to each at its beginning,
        self._window_now = 0  # and to this one
        self._in = bytearray()
        self._taken = 0  # bytes of data since we last gave room for more
        self._block = bytearray()  # of a head that goes on
        self._block_ends_stream = False
        self._fields: dict[str, str] = {}
        self._message = bytearray()
        self._is_waiting = False

    def send(self, request: bytes) -> None:
        """Send a whole request, and read meanwhile what room the server gives.

        Raises OSError and WireError.
        """
        self._begin(request)
        self._flush()
        while self._held:
            if self._take(self._socket.recv(_FRAME_MAX)) is not None:
                raise WireError("the answer came before the whole request was sent")
            self._flush()

    def push(self, request: bytes = b"") -> bool:
        if request:
            self._begin(request)
        try:
            self._flush()
        except BlockingIOError:
            return False
        return not self._held

    @property
    def is_unanswered(self) -> bool:
        return not self._fields and not self._message

    def _take(self, piece: bytes) -> tuple[int, bytes] | None:
        if not piece:
            self._has_ended = not self._fields
            raise WireError(
                "the connection was closed in the middle of an answer"
                if self._fields
                else "the connection was closed before an answer"
            )
        answer = self._read(piece)
        if answer is not None:
            self.answers += 1
            is_enough = self.answers == self._answers_max or self._stream > _STREAMS_MAX
            # After a refusal of what was not sent whole, no other request can follow the rest.
            self.is_open = self.is_open and not is_enough and not self._held
        return answer

    def _begin(self, request: bytes) -> None:
        self._stream += 2
        self._window_now, self._handed, self._is_waiting = self._window_each, 0, True
        self._fields, self._message = {}, bytearray()
        at = 0
        while at < len(request):
            high, low, kind, flags, _ = _HEAD.unpack_from(request, at)
            end = at + _HEAD.size + (high << 16 | low)
            payload = request[at + _HEAD.size : end]
            self._held.append(_frame(kind, flags, self._stream, payload))
            at = end
        self._make_room()

    def _make_room(self) -> None:
        """Let those frames go for which the server has room."""
        while self._held:
            frame = self._held[0]
            size = len(frame) - _HEAD.size if frame[3] == _DATA else 0
            if size > min(self._window, self._window_now):
                return
            self._window -= size
            self._window_now -= size
            self._out += self._held.popleft()

    def _flush(self) -> None:
        """Send what may be sent, and wait for it where the connection waits. Raises OSError."""
        while self._out:
            sent = self._socket.send(self._out)
            self._handed += sent
            del self._out[:sent]

    def _read(self, piece: bytes) -> tuple[int, bytes] | None:
        """Take in bytes; return the answer where they were its last. Raises WireError."""
        self._in += piece
        answer = None
        while len(self._in) >= _HEAD.size:
            high, low, kind, flags, stream = _HEAD.unpack_from(self._in)
            size = high << 16 | low
            if size > _FRAME_MAX:
                raise WireError("the answer is not HTTP/2")
            if len(self._in) < _HEAD.size + size:
                break
            payload = bytes(self._in[_HEAD.size : _HEAD.size + size])
            del self._in[: _HEAD.size + size]
            answer = self._take_frame(kind, flags, stream & _WINDOW_MAX, payload) or answer
        with suppress(BlockingIOError):  # what is left goes before the next request
            self._flush()
        return answer

    def _take_frame(self, kind: int, flags: int, stream: int, payload: bytes) -> tuple[int, bytes] | None:
        if kind in {_DATA, _HEADERS, _CONTINUATION}:
            return self._take_part(kind, flags, stream, payload)
        if kind == _SETTINGS and not flags & _ACK:
            self._take_settings(payload)
        elif kind == _PING and not flags & _ACK:
            self._out += _frame(_PING, _ACK, 0, payload)
        elif kind == _WINDOW:
            self._take_room(stream, payload)
        elif kind == _RESET and stream == self._stream and self._is_waiting:
            raise WireError(f"the call was reset (code {int.from_bytes(payload[:4], 'big')})")
        elif kind == _GOAWAY:
            self.is_open = False
            last = int.from_bytes(payload[:4], "big") & _WINDOW_MAX
            if self._is_waiting and last < self._stream:
                self._handed = 0  # so it says: nothing of the request was looked at
                raise WireError("the server ends the connection")
        return None

    def _take_settings(self, payload: bytes) -> None:
        for at in range(0, len(payload) - 5, 6):
            name, value = struct.unpack_from(">HI", payload, at)
            if name == _INITIAL_WINDOW:
                self._window_now += value - self._window_each
                self._window_each = value
        self._out += _frame(_SETTINGS, _ACK, 0, b"")
        self._make_room()

    def _take_room(self, stream: int, payload: bytes) -> None:
        more = int.from_bytes(payload[:4], "big") & _WINDOW_MAX
        if not stream:
            self._window += more
        elif stream == self._stream:
            self._window_now += more
        self._make_room()

    def _take_part(self, kind: int, flags: int, stream: int, payload: bytes) -> tuple[int, bytes] | None:
        """Take a part of an answer; return that where it is whole."""
        if flags & _PADDED and kind != _CONTINUATION and payload:
            payload = payload[1 : len(payload) - payload[0]]
        if kind == _DATA:
            self._give_room(len(payload))
            if stream == self._stream:
                self._message += payload
            return self._ended() if flags & _END_STREAM and stream == self._stream else None
        if kind == _HEADERS:
            self._block_ends_stream = bool(flags & _END_STREAM)
            self._block = bytearray(payload[5:] if flags & _PRIORITY else payload)
        else:
            self._block += payload
        if len(self._block) > _BLOCK_MAX:
            raise WireError("the answer has a head that is too long")
        if not flags & _END_HEADERS or stream != self._stream:
            return None
        self._fields |= hpack.decode(bytes(self._block))
        return self._ended() if self._block_ends_stream else None

    def _give_room(self, size: int) -> None:
        self._taken += size
        if self._taken > _WINDOW_MAX // 2:
            self._out += _frame(_WINDOW, 0, 0, struct.pack(">I", self._taken))
            self._taken = 0

    def _ended(self) -> tuple[int, bytes]:
        """Return the status and the message of an answer that is whole. Raises WireError."""
        self._is_waiting = False
        fields, message = self._fields, bytes(self._message)
        code = fields.get("grpc-status", "")
        if fields.get(":status") != "200" or not (code.isdecimal() and len(code) < 10):
            raise WireError(f"the answer is not gRPC (status {fields.get(':status', 'unknown')})")
        if code != "0":
            told = unquote(fields.get("grpc-message", "")) or f"gRPC's code {code}"
            return _STATUSES.get(int(code), 500), json.dumps({"error": told}).encode()
        if len(message) < _PREFIX.size or _PREFIX.unpack_from(message) != (0, len(message) - _PREFIX.size):
            raise WireError("the answer is not one plain message")
        return 200, message[_PREFIX.size :]
