"""A connection of bytes, for what a well-behaved client would never send."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import NamedTuple, Self

import httpx

from tests.patience import PATIENCE_S

CHUNKED = b"POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n"
"""The head of a request whose body comes in chunks, but for the empty line that ends it."""


class RawAnswer(NamedTuple):
    """What came back: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def detail(self) -> str:
        """The detail of an answer that is a problem."""
        assert self.headers["content-type"] == "application/problem+json"
        return str(json.loads(self.body)["detail"])


class Connection:
    """A socket to the service that an httpx client talks to."""

    def __init__(self, client: httpx.Client) -> None:
        address = client.base_url.host, client.base_url.port or 80
        self.socket = socket.create_connection(address, PATIENCE_S)
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def read(self, *, has_body: bool = True) -> RawAnswer:
        """Return the next answer. Raise ConnectionError where there is none."""
        line = self._stream.readline()
        if not line:
            raise ConnectionError("the service closed the connection")
        headers = {}
        while (field := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = field.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0)) if has_body else 0
        return RawAnswer(int(line.split()[1]), headers, self._stream.read(length))

    def rest(self) -> bytes:
        """Return what comes until the service ends. Raise ConnectionResetError where it does not in order."""
        return self._stream.read()

    def is_closed(self) -> bool:
        """Whether the service closes the connection; waits for it with patience."""
        try:
            return self._stream.read(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self) -> None:
        self._stream.close()
        self.socket.close()


def request(body: bytes, *headers: str, query: str = "", version: str = "1.1") -> bytes:
    """Return the bytes of a good `POST /predict`."""
    lines = [f"POST /predict{query} HTTP/{version}", "host: x", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
