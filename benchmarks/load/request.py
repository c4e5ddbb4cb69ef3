"""The request that a run repeats, whole, as bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.errors import ProcessError
from bundle.normalizer import FloatArray

JSON = "application/json"
OCTETS = "application/octet-stream"

_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Request:
    """A POST to `path`, its query included."""

    path: str
    body: bytes
    content_type: str = JSON
    others: tuple[bytes, ...] = ()
    """Bodies that a closed loop sends in turn with it, each as long."""

    def encoded(self, host: str) -> bytes:
        """Return it as it goes over a connection to `host`, an address such as http://127.0.0.1:8000."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {urlsplit(host).netloc}\r\n"
            f"Content-Type: {self.content_type}\r\nAccept: {self.content_type}\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body

    @property
    def each(self) -> list[Request]:
        """The requests that a closed loop sends in turn."""
        return [replace(self, body=body, others=()) for body in (self.body, *self.others)]

    def send(self, host: str) -> bytes:
        """Send it once, and return the answer. Raise ProcessError where that is no success."""
        with _client() as client:
            return self.sent_by(client, host)

    def sent_by(self, client: httpx.Client, host: str) -> bytes:
        """Send it once by this client, as `send` does."""
        headers = {"content-type": self.content_type, "accept": self.content_type}
        try:
            answer = client.post(host + self.path, content=self.body, headers=headers)
        except httpx.HTTPError as error:
            raise ProcessError(f"POST {self.path} failed: {error!r}") from error
        if answer.status_code != 200:
            raise ProcessError(f"POST {self.path} was answered {answer.status_code}: {answer.text[:300]}")
        return answer.content


def sent_at_once(requests: Sequence[Request], host: str) -> list[bytes]:
    """Send each over a connection of its own, all at the same time, and return the answers in their order.

    Raises ProcessError where one of them is no success.
    """
    with _client() as client, ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda request: request.sent_by(client, host), requests))


def plain(rows: FloatArray) -> list[list[float]]:
    """Return float32 rows as a person would write them: 17.99 and not 17.989999771118164."""
    return [[float(str(value)) for value in row] for row in rows]


def json_request(path: str, document: Any) -> Request:
    return Request(path, json.dumps(document, separators=(",", ":")).encode())


def octets_request(path: str, rows: FloatArray, *others: FloatArray) -> Request:
    body, *more = (each.astype("<f4").tobytes() for each in (rows, *others))
    return Request(path, body, OCTETS, tuple(more))


def _client() -> httpx.Client:
    """Return a client for what is being measured: proxies of the environment are for the way out."""
    return httpx.Client(trust_env=False, timeout=_TIMEOUT_S)
