"""Requests and answers, one after the other, over as many connections as the service makes of them."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from loadtests.errors import WireError
from loadtests.protocol.endpoint import Endpoint
from loadtests.protocol.wire import Connection


def _nothing() -> None:
    """Nobody wants to know."""


class Conversation:
    """One client of a service, with one connection at a time.

    A service may close a connection after any answer, and say so or not. A request that certainly did not
    reach it, because the connection was closed before, is sent over another.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout_s: float,
        is_patient: bool = False,
        on_reconnection: Callable[[], None] = _nothing,
    ) -> None:
        """One that `is_patient` asks again, once, where a used connection ends before any of an answer came.

        Whether the service had begun on the request is then not known, and who counts failures must not be
        patient. `on_reconnection` is called for every connection that takes the place of one that the service
        had closed between two requests.
        """
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._is_patient = is_patient
        self._on_reconnection = on_reconnection
        self._connection: Connection | None = None
        self._request = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Tell whether there is a connection that the service has not been seen to close."""
        return self._connection is not None and self._connection.is_open

    @property
    def head(self) -> bytes:
        """That of the last answer, as it came; empty where nobody can tell."""
        return b"" if self._connection is None else self._connection.head

    def open(self) -> Connection:
        """Open the first connection, or one for another that was lost. Raises ServiceError."""
        was_closed = self._connection is not None
        self.close()
        self._connection = self._endpoint.connect(timeout_s=self._timeout_s)
        if was_closed:
            self._on_reconnection()
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def look(self) -> bool:
        """Tell after a pause whether the service has closed the connection meanwhile, and take note of it."""
        if self._connection is None or not self._connection.is_open or not self._connection.has_ended():
            return False
        self._connection.is_open = False
        return True

    def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and return status and body of its answer.

        Raises ServiceError where no connection can be opened, OSError, and WireError for anything but one
        whole answer.
        """
        self.send(request)
        return self.receive()

    def send(self, request: bytes) -> None:
        """Send a whole request. Raises what `exchange` raises."""
        self._request = request
        connection = self._connection
        if connection is None or not connection.is_open:
            connection = self.open()
        try:
            connection.send(request)
        except (OSError, WireError) as error:
            self._send_again(error)

    def receive(self) -> tuple[int, bytes]:
        """Wait for the answer. Raises what `exchange` raises."""
        assert self._connection is not None  # noqa: S101 - whoever receives has sent
        try:
            return self._connection.receive()
        except (OSError, WireError) as error:
            self._send_again(error)
        try:
            return self._connection.receive()
        except (OSError, WireError):
            self.close()
            raise

    def _send_again(self, error: OSError | WireError) -> None:
        """Send the request over another connection, or raise `error` where it may have been read."""
        connection = self._connection
        assert connection is not None  # noqa: S101 - it has just been lost
        is_late = isinstance(error, TimeoutError)
        if not is_late:
            self._endpoint.note_closed(connection.answers)
        is_worth_it = self._is_patient and connection.is_unanswered
        if is_late or not connection.answers or not (connection.is_untouched or is_worth_it):
            self.close()
            raise error
        try:
            self.open().send(self._request)
        except (OSError, WireError):
            self.close()
            raise
