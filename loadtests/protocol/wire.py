"""One kept-alive HTTP/1.1 connection that does as little as it can: ready-made bytes out, an answer in.

In a process that gevent has patched, as Locust's are, waiting lets the other greenlets run; in any other it
blocks. A general client costs several times what a small model does, and would be what is measured.
"""

from __future__ import annotations

import socket
import ssl
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from loadtests.errors import ServiceError, WireError
from loadtests.protocol.framing import Answer, whole

_RECEIVE_BYTES = 65536


class Connection:
    """A connection to the service at `host`, such as `http://127.0.0.1:8000`."""

    def __init__(self, host: str, *, timeout_s: float | None) -> None:
        """Raise ServiceError where nobody answers there."""
        parts = urlsplit(host)
        secure = parts.scheme == "https"
        try:
            address = (parts.hostname or "", parts.port or (443 if secure else 80))
            self._socket = socket.create_connection(address, timeout=timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                context = ssl.create_default_context()
                self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
        except (OSError, ValueError) as error:
            raise ServiceError(f"no service answers at {host}: {error}") from None
        self.is_open = True
        """False once the service has said that it closes the connection: the next request needs a new one."""
        self._answer: Answer | None = None  # one that is not whole yet
        self._unsent = memoryview(b"")  # of a request that was pushed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.is_open = False
        self._socket.close()

    def send(self, request: bytes) -> None:
        """Send a whole request, as `encode` made it. Raises OSError."""
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes]:
        """Wait for one answer; return its status and body.

        Raises WireError for anything but one whole answer, and OSError.
        """
        while (answer := self._take(self._socket.recv(_RECEIVE_BYTES))) is None:
            pass
        return answer

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return its answer. Raises what `send` and `receive` raise."""
        self.send(request)
        return self.receive()

    def unblock(self) -> None:
        """Never wait from now on: `push` and `poll` are for such a connection, the other ways are not."""
        self._socket.settimeout(0.0)

    def fileno(self) -> int:
        return self._socket.fileno()

    def push(self, request: bytes = b"") -> bool:
        """Hand on a request, or the rest of the last, as far as the system takes it without waiting.

        Return whether all of it is out. Raises OSError.
        """
        rest = memoryview(request) if request else self._unsent
        try:
            self._unsent = rest[self._socket.send(rest) :]
        except BlockingIOError:
            self._unsent = rest
        return not self._unsent

    def poll(self) -> tuple[int, bytes] | None:
        """Return status and body of an answer, or None where it has not come whole, without waiting.

        Raises what `receive` raises.
        """
        try:
            return self.receive()
        except (BlockingIOError, ssl.SSLWantReadError):
            return None

    def _take(self, piece: bytes) -> tuple[int, bytes] | None:
        """Return status and body where this piece was the last of an answer. Raises WireError."""
        answer = self._answer
        if answer is None:
            plain = whole(piece)
            if plain is not None:
                return plain
            if not piece:
                raise WireError("the connection was closed before an answer")
            answer = self._answer = Answer()
        answer.read(piece)
        if not answer.is_complete:
            return None
        self._answer = None
        self.is_open = not answer.is_last
        return answer.status, bytes(answer.body)


def encode(host: str, path: str, body: bytes) -> bytes:
    """Return the bytes of a POST of JSON to `path` of the service at `host`."""
    parts = urlsplit(host)
    head = (
        f"POST {parts.path.rstrip('/')}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
