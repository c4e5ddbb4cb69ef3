"""Sends requests over kept-alive connections and tells which were answered: what LoadGen has to be given.

Whoever issues a request writes it to a connection himself, and one thread reads what comes back: no queue
and no event loop between, for the client must not be the limit. Nothing but the standard library is needed,
as this runs in LoadGen's environment.
"""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

CONNECTIONS_FIRST = 32
CONNECTIONS_MAX = 1024  # as many as our own open loop may have

_RECEIVE_BYTES = 65536
_LOOK_S = 0.1  # between two looks at whether it is over
_GOOD = b"HTTP/1.1 200 "
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)

Completed = Callable[[Sequence[int]], None]


class Connection:
    """One request at a time: that of `number`."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.number = -1  # nothing is out
        self.heard = b""
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def status_line(self) -> bytes | None:
        """Return the first line of an answer that has come whole, and forget it; None of one that has not.

        Raises ValueError where the answer does not say how long it is.
        """
        end = self.heard.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(self.heard, 0, end + 2)
        if length is None:
            raise ValueError(f"an answer without a length: {self.heard[:end]!r}")
        if len(self.heard) < end + 4 + int(length[1]):
            return None
        line, self.heard = self.heard[: self.heard.find(b"\r\n")], b""
        return line


class Sender:
    """Connections to one server. Leaving the `with` block closes them; nothing may be out by then."""

    def __init__(self, host: str, port: int, requests: Sequence[bytes], completed: Completed) -> None:
        """`completed` is told the numbers of requests that are over, answered or not, by the thread."""
        self.failed = 0
        """How many were not answered 200."""
        self._address = host, port
        self._requests = requests
        self._completed = completed
        self._idle: deque[Connection] = deque()
        self._waiting: deque[tuple[int, int]] = deque()
        self._open: set[Connection] = set()
        self._selector = selectors.DefaultSelector()
        self._is_over = threading.Event()
        self._hand = threading.Lock()  # or a request could begin to wait while the last connection comes free
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._idle.extend(self._new() for _ in range(CONNECTIONS_FIRST))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        self._selector.close()
        for connection in self._open:
            connection.socket.close()

    def issue(self, number: int, index: int) -> None:
        """Send request `index`, and call it `number`; where no connection may be had, once one is free."""
        with self._hand:
            if self._idle:
                connection = self._idle.pop()
            elif len(self._open) < CONNECTIONS_MAX:
                connection = self._new()
            else:
                self._waiting.append((number, index))
                return
        self._send(connection, number, index)

    def _new(self) -> Connection:
        connection = Connection(self._address)
        self._open.add(connection)
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def _send(self, connection: Connection, number: int, index: int) -> None:
        connection.number = number
        with suppress(OSError):  # it is lost: the thread reads its end, and tells
            connection.socket.sendall(self._requests[index])

    def _read(self) -> None:
        """Read answers, and give the connections to requests that wait, until it is over."""
        while not self._is_over.is_set():
            over: list[int] = []
            for key, _ in self._selector.select(_LOOK_S):
                connection: Connection = key.data
                number = connection.number
                if self._take(connection):
                    over.append(number)
                    over += self._pass_on(connection)
            if over:
                self._completed([number for number in over if number >= 0])

    def _take(self, connection: Connection) -> bool:
        """Take in what came over a connection, and tell whether its request is over, or the connection."""
        try:
            piece = connection.socket.recv(_RECEIVE_BYTES)
            connection.heard += piece
            line = connection.status_line() if piece else b""
        except (OSError, ValueError):
            line = b""
        if line is None:
            return False
        if not line.startswith(_GOOD):
            self.failed += connection.number >= 0
        if not line:
            self._selector.unregister(connection.socket)
            connection.socket.close()
            self._open.discard(connection)
        return True

    def _pass_on(self, connection: Connection) -> list[int]:
        """Give a connection to a request that waits; return those that wait where there can be none."""
        connection.number = -1
        with self._hand:
            if connection not in self._open:
                with suppress(ValueError):
                    self._idle.remove(connection)
                if not self._waiting:
                    return []
                try:
                    connection = self._new()
                except OSError:  # nobody is there any more
                    lost = [number for number, _ in self._waiting]
                    self._waiting.clear()
                    self.failed += len(lost)
                    return lost
            if not self._waiting:
                self._idle.append(connection)
                return []
            number, index = self._waiting.popleft()
        self._send(connection, number, index)
        return []
