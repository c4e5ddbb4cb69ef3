"""What connections share, to answer predictions without the application: what was read and written before."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from service.http.bodies import Bodies
from service.pipeline.pipeline import Pipeline
from service.wire.message import Headers
from service.wire.protocol import Asked, WireProtocol

_HEADS_MAX = 1024  # of each kind
_HEAD_BYTES_MAX = 4096  # of one that is remembered


class Head(NamedTuple):
    """What a request's head means: in which protocol, at which address, and what it asks for."""

    protocol: WireProtocol
    path: str
    query: bytes
    asked: Asked
    length: int
    """Of the body, in bytes."""


class Shortcut:
    """The pipeline, as a connection goes to it by itself."""

    def __init__(self, pipeline: Pipeline, bodies: Bodies) -> None:
        self.pipeline = pipeline
        self.telemetry = pipeline.telemetry
        self.logs = pipeline.telemetry.logs
        self.bodies = bodies
        self._known: dict[bytes, Head] = {}
        self.known = self._known.get
        """Return what a head, up to and with its empty line, was found to mean; None where it is new."""
        self._written: dict[tuple[int, tuple[tuple[bytes, bytes], ...]], bytes] = {}
        self._default: list[tuple[bytes, bytes]] = []

    def remember(self, content: bytes, head: Head) -> None:
        """Remember what a head means; when there are too many, those from before are forgotten."""
        if len(content) <= _HEAD_BYTES_MAX:
            if len(self._known) >= _HEADS_MAX:
                self._known.clear()
            self._known[content] = head

    def written(self, status: int, headers: Headers, default: list[tuple[bytes, bytes]]) -> bytes:
        """Return the head of an answer up to the value of its Content-Length, which comes last.

        `default` are the headers that all answers have for now: another list when they change.
        """
        if default is not self._default:  # once in a second, for the date
            self._default = default
            self._written.clear()
        key = status, tuple(headers)
        head = self._written.get(key)
        if head is None:
            if len(self._written) >= _HEADS_MAX:
                self._written.clear()
            lines = [name + b": " + value + b"\r\n" for name, value in (*default, *headers)]
            first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
            head = self._written[key] = b"".join([first, *lines, b"content-length: "])
        return head
