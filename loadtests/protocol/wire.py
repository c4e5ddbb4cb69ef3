"""One kept-alive HTTP/1.1 connection that does as little as it can: ready-made bytes out, an answer in.

In a process that gevent has patched, as Locust's are, waiting lets the other greenlets run; in any other it
blocks. A general client costs several times what a small model does, and would be what is measured.
"""

from __future__ import annotations

import socket
import ssl
import struct
from types import TracebackType
from typing import Self

from loadtests.errors import WireError
from loadtests.protocol.framing import Answer, whole

_RECEIVE_BYTES = 65536
_ESTABLISHED = 1  # of the states in which Linux has a connection
_WOULD_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """A connection to a service, over a socket that is connected. `Endpoint` opens it."""

    def __init__(self, opened: socket.socket, *, answers_max: int = 0) -> None:
        """It is not open for more than `answers_max` answers, where that is not 0."""
        self._socket = opened
        self._answers_max = answers_max
        self.answers = 0
        """How many have come whole."""
        self.is_open = True
        """False once the service has said that it closes the connection: the next request needs a new one."""
        self.head = b""
        """That of the last answer, as it came; empty where nobody can tell."""
        self._answer: Answer | None = None  # one that is not whole yet
        self._unsent = memoryview(b"")  # of a request that was pushed
        self._handed = 0  # bytes of the last request that the system has taken
        self._has_ended = False  # in order, and before any of an answer

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
        """Send a whole request, as `Address.encode` made it. Raises OSError."""
        self._handed = 0
        self._handed = self._socket.send(request)
        while self._handed < len(request):
            self._handed += self._socket.send(memoryview(request)[self._handed :])

    def receive(self) -> tuple[int, bytes]:
        """Wait for one answer; return its status and body.

        Raises WireError for anything but one whole answer, and OSError.
        """
        while (answer := self._take(self._socket.recv(_RECEIVE_BYTES))) is None:
            pass
        return answer

    def unblock(self) -> None:
        """Never wait from now on: `push` and `poll` are for such a connection, the other ways are not."""
        self._socket.settimeout(0.0)

    def fileno(self) -> int:
        return self._socket.fileno()

    def push(self, request: bytes = b"") -> bool:
        """Hand on a request, or the rest of the last, as far as the system takes it without waiting.

        Return whether all of it is out. Raises OSError.
        """
        if request:
            self._unsent, self._handed = memoryview(request), 0
        try:
            sent = self._socket.send(self._unsent)
        except _WOULD_WAIT:
            return False
        self._unsent = self._unsent[sent:]
        self._handed += sent
        return not self._unsent

    def poll(self) -> tuple[int, bytes] | None:
        """Return status and body of an answer, or None where it has not come whole, without waiting.

        Raises what `receive` raises.
        """
        try:
            return self.receive()
        except _WOULD_WAIT:
            return None

    def has_ended(self) -> bool:
        """Tell of an idle connection whether the service has closed it; False where that cannot be told."""
        try:
            state: int = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except AttributeError:  # the system is not Linux
            return False
        return state != _ESTABLISHED

    @property
    def is_unanswered(self) -> bool:
        """Tell of a connection that was lost whether nothing has come of the answer."""
        return self._answer is None

    @property
    def is_untouched(self) -> bool:
        """Tell of a connection that was lost whether the service cannot have read any of the last request.

        That is sure where the system took none of it; and where the connection ended in order without a byte
        of it acknowledged: then the service had closed it before. (One that is reset proves nothing: its
        service may have read what it had no time to acknowledge.)
        """
        if not self._handed:
            return True
        return self._has_ended and self._unacknowledged() >= self._handed

    def _unacknowledged(self) -> int:
        """Return how many bytes the other side has not acknowledged; 0 where that is unknown."""
        try:
            import fcntl
            import termios

            told = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except (ImportError, OSError):  # the system is Windows, or another that does not tell
            return 0
        return int(struct.unpack("i", told)[0])

    def _take(self, piece: bytes) -> tuple[int, bytes] | None:
        """Return status and body where this piece was the last of an answer. Raises WireError."""
        answer = self._answer
        if answer is None:
            plain = whole(piece)
            if plain is not None:
                self.answers += 1
                self.head = piece[: len(piece) - len(plain[1])]
                if self.answers == self._answers_max:
                    self.is_open = False
                return plain
            if not piece:
                self._has_ended = True
                raise WireError("the connection was closed before an answer")
            answer = self._answer = Answer()
        answer.read(piece)
        if not answer.is_complete:
            return None
        self._answer = None
        self.answers += 1
        self.head = answer.head
        self.is_open = not answer.is_last and self.answers != self._answers_max
        return answer.status, bytes(answer.body)
