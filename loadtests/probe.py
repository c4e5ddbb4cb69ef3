"""Times single requests to a service that has nothing else to do, over one bare connection.

A plain socket and ready-made bytes: what is measured is the service and its protocol, hardly the client.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import numpy as np

from loadtests.client import ServiceClient
from loadtests.errors import ServiceError
from loadtests.payloads import Payloads
from loadtests.statistics import percentile
from loadtests.target import Target

_WARM_UP_REQUESTS = 20
_REQUESTS = range(50, 1001)  # how many are timed: as many as fit into a second
_SECONDS = 1.0
_TIMEOUT_S = 30.0
_SIZED_200 = re.compile(rb"HTTP/1\.1 200 .*\r\ncontent-length: *(\d+)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Unloaded:
    """What one request costs when nobody else asks: `requests` of them, one after the other."""

    requests: int
    p50_ms: float
    mean_ms: float
    model_ms: float | None
    """Mean time inside the runtime, by the service's own metrics over the same requests; None if unknown."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """Mean time in each part of a request, by name and in order: `client` (encoding, sending and reading in
    the client), `http` (what is left: the network, the server's protocol and its event loop), `decode`,
    `wait`, `infer`, `encode`. They add up to `mean_ms`. Empty where the service does not say."""

    @property
    def model_share(self) -> float | None:
        """The share of the latency that is the model's own, of means over the same requests."""
        return None if self.model_ms is None else self.model_ms / self.mean_ms


def probe(client: ServiceClient, target: Target, payloads: Payloads) -> Unloaded:
    """Time about a second of requests. Raises ServiceError where one is not answered with 200."""
    bodies = payloads.bodies
    with Connection(client.host) as connection:
        requests = [connection.encode(target.path, body) for body in bodies]
        for turn in range(_WARM_UP_REQUESTS):
            connection.exchange(requests[turn % len(requests)])
        before = client.inference_time(target)
        latencies: list[float] = []
        begun = time.perf_counter()
        while len(latencies) < _REQUESTS.stop - 1:
            request = requests[len(latencies) % len(requests)]
            sent = time.perf_counter()
            connection.exchange(request)
            done = time.perf_counter()
            latencies.append(done - sent)
            if done - begun > _SECONDS and len(latencies) >= _REQUESTS.start:
                break
        after = client.inference_time(target)
    model_ms = None
    # Where others ask as well, or a second worker answered, the metrics are not those of our requests.
    if before and after and after.requests - before.requests == len(latencies):
        model_ms = (after.seconds - before.seconds) / len(latencies) * 1000
    milliseconds = np.array(latencies) * 1000
    return Unloaded(len(latencies), percentile(milliseconds, 50), float(milliseconds.mean()), model_ms)


class Connection:
    """One kept-alive HTTP/1.1 connection, for answers that say how long they are."""

    def __init__(self, host: str) -> None:
        parts = urlsplit(host)
        secure = parts.scheme == "https"
        try:
            self._socket = socket.create_connection(
                (parts.hostname or "", parts.port or (443 if secure else 80)), timeout=_TIMEOUT_S
            )
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                self._socket = ssl.create_default_context().wrap_socket(
                    self._socket, server_hostname=parts.hostname
                )
        except (OSError, ValueError) as error:
            raise ServiceError(f"no service answers at {host}: {error}") from None
        self._host = host
        self._netloc = parts.netloc
        self._prefix = parts.path.rstrip("/")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def encode(self, path: str, body: bytes) -> bytes:
        """Return the bytes of a POST request."""
        head = (
            f"POST {self._prefix}{path} HTTP/1.1\r\nHost: {self._netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("ascii") + body

    def exchange(self, request: bytes) -> bytes:
        """Send a request and return the answer's body. Raises ServiceError unless it is a sized 200."""
        try:
            self._socket.sendall(request)
            received = self._more()
            while (end := received.find(b"\r\n\r\n")) < 0:
                received += self._more()
            content = received[end + 4 :]
            missing = self._length(received[:end]) - len(content)
            while missing > 0:
                content += (chunk := self._more())
                missing -= len(chunk)
        except OSError as error:
            raise ServiceError(f"{self._host} does not answer a single request: {error}") from None
        return content

    def _length(self, head: bytes) -> int:
        match = _SIZED_200.match(head)
        if match is None:
            text = head.decode("latin-1")
            raise ServiceError(
                f"{self._host} answers a single request with {text!r}, not a 200 with a length"
            )
        return int(match[1])

    def _more(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ServiceError(f"{self._host} closed the connection in the middle of an answer")
        return chunk
