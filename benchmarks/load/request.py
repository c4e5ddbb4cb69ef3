"""The request that a run repeats, whole, as bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
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

    def encoded(self, host: str) -> bytes:
        """Return it as it goes over a connection to `host`, an address such as http://127.0.0.1:8000."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {urlsplit(host).netloc}\r\n"
            f"Content-Type: {self.content_type}\r\nAccept: {self.content_type}\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body

    def send(self, host: str) -> bytes:
        """Send it once, and return the answer. Raise ProcessError where that is no success."""
        headers = {"content-type": self.content_type, "accept": self.content_type}
        try:
            # Proxies of the environment are for the way out, not for what is being measured.
            with httpx.Client(trust_env=False, timeout=_TIMEOUT_S) as client:
                answer = client.post(host + self.path, content=self.body, headers=headers)
        except httpx.HTTPError as error:
            raise ProcessError(f"POST {self.path} failed: {error!r}") from error
        if answer.status_code != 200:
            raise ProcessError(f"POST {self.path} was answered {answer.status_code}: {answer.text[:300]}")
        return answer.content


def plain(rows: FloatArray) -> list[list[float]]:
    """Return float32 rows as a person would write them: 17.99 and not 17.989999771118164."""
    return [[float(str(value)) for value in row] for row in rows]


def json_request(path: str, document: Any) -> Request:
    return Request(path, json.dumps(document, separators=(",", ":")).encode())


def octets_request(path: str, rows: FloatArray) -> Request:
    return Request(path, rows.astype("<f4").tobytes(), OCTETS)
