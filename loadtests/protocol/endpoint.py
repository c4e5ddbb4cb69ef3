"""A service to connect to: its address, and how it has been seen to treat connections."""

from __future__ import annotations

import socket
import ssl
from functools import cache
from typing import Any

from loadtests.errors import ServiceError
from loadtests.protocol import http2
from loadtests.protocol.address import Address
from loadtests.protocol.http2 import Http2Connection
from loadtests.protocol.wire import Connection
from loadtests.workload.payloads import Body

_CONNECT_S = 10.0  # nobody who answers so late is to be measured


class Endpoint:
    """The service at an address. It is looked up once, however often it is connected to."""

    def __init__(self, host: str) -> None:
        """Raise ServiceError where `host` is no address."""
        self.address = Address.of(host)
        self._found: tuple[int, Any] | None = None  # family and address of the socket, once it is known
        self._answers_max = 0  # after which it closes a connection without a word; 0 where it does not
        self._closed_after = 0  # so many answers, the last that it closed

    def connect(self, *, timeout_s: float | None) -> Connection:
        """Open a connection that waits so long for a piece of an answer, or without end.

        Raises ServiceError where nobody answers.
        """
        kind = Http2Connection if self.address.is_grpc else Connection
        try:
            return kind(self._open(timeout_s), answers_max=self._answers_max)
        except (OSError, ValueError) as error:
            raise ServiceError(f"no service answers at {self.address.shown}: {error}") from None

    def encode(self, method: str, path: str, body: Body | None = None) -> bytes:
        """Return a request as a connection takes it."""
        if self.address.is_grpc:
            return http2.encode(self.address, path, body or Body(b"", ()))
        return self.address.encode(method, path, body)

    def note_closed(self, answers: int) -> None:
        """Take in that the service closed a connection after so many answers, at once and without a word.

        Whoever sends the next request may be too early to see that, and too late to be read: then it fails,
        for all that can be known. So where two in a row were closed after as many answers, connections are
        not used for more.
        """
        if answers and answers == self._closed_after:
            self._answers_max = answers
        self._closed_after = answers

    def _open(self, timeout_s: float | None) -> socket.socket:
        address = self.address
        if self._found is None:
            plain = socket.create_connection((address.name, address.port), timeout=_CONNECT_S)
            self._found = plain.family, plain.getpeername()
        else:
            plain = _connected(*self._found)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready = (
                _trusted().wrap_socket(plain, server_hostname=address.name) if address.is_secure else plain
            )
            ready.settimeout(timeout_s)
        except BaseException:
            plain.close()
            raise
        return ready


def _connected(family: int, place: Any) -> socket.socket:
    plain = socket.socket(family, socket.SOCK_STREAM)
    try:
        plain.settimeout(_CONNECT_S)
        plain.connect(place)
    except BaseException:
        plain.close()
        raise
    return plain


@cache
def _trusted() -> ssl.SSLContext:
    """Read the certificates, which takes longer than all that a connection then does."""
    return ssl.create_default_context()
