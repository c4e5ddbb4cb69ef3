"""A closed loop of clients, each on a connection of its own, that keeps every answer."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.patience import PATIENCE_S, wait_until

OCTETS = {"content-type": "application/octet-stream"}


@dataclass(frozen=True)
class Sample:
    """One request: who sent it, what came back, and when. A status of 0 means that the connection broke."""

    connection: int
    status: int
    version: int | None
    retry_after: str | None
    detail: str
    start: float
    end: float


@dataclass
class Load:
    """The clients' orders and their samples; samples of one connection are in order."""

    samples: list[Sample] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def of(self, status: int) -> list[Sample]:
        return [sample for sample in self.samples if sample.status == status]

    def failures(self) -> list[Sample]:
        return [sample for sample in self.samples if sample.status != 200]

    def wait_for(self, count: int, status: int = 200) -> None:
        """Wait until so many more answers have this status."""
        goal = len(self.of(status)) + count

        def has_come() -> bool:
            is_there = len(self.of(status)) >= goal
            assert is_there or any(thread.is_alive() for thread in self.threads)
            return is_there

        wait_until(has_come, lambda: f"{len(self.of(status))} of {goal}: {self.failures()[:3]}")

    def stop(self) -> None:
        """Send nothing more, and wait for what was sent."""
        self.stopped.set()
        for thread in self.threads:
            thread.join()


@contextmanager
def load(
    client: httpx.Client,
    path: str,
    body: bytes,
    *,
    connections: int,
    headers: dict[str, str] | None = None,
    pause_s: float = 0.0,
    think_s: float = 0.0,
) -> Iterator[Load]:
    """Send the same request again and again on so many connections while the block runs.

    A client whose request failed waits `pause_s` before the next, and any other `think_s`.
    """
    running = Load()
    host, port = client.base_url.host, client.base_url.port or 80

    def send_all(number: int) -> None:
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
        while not running.stopped.is_set():
            start = time.monotonic()
            try:
                connection.request("POST", path, body, headers or {})
                answer = connection.getresponse()
                content = answer.read()
                status, retry_after = answer.status, answer.headers.get("retry-after")
            except (OSError, http.client.HTTPException) as error:
                status, retry_after, content = 0, None, repr(error).encode()
                connection.close()
            fields = json.loads(content) if content[:1] == b"{" else {}
            end = time.monotonic()
            detail = str(fields.get("detail", content[:80] if status == 0 else ""))
            running.samples.append(
                Sample(number, status, fields.get("version"), retry_after, detail, start, end)
            )
            running.stopped.wait(think_s if status == 200 else pause_s)
        connection.close()

    running.threads = [threading.Thread(target=send_all, args=(number,)) for number in range(connections)]
    for thread in running.threads:
        thread.start()
    try:
        yield running
    finally:
        running.stop()


def percentile(seconds: list[float], share: float) -> float:
    """Return the duration below which lies `share` of them."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
