"""A closed loop in Python, for machines without wrk: `python -m benchmarks.load.closed_loop`.

It is told, in this order: the address, the port, the file of the requests as they go over a connection, all
as long, how many those are, how many connections to open, for how many seconds, and after how many an answer
is overdue. It prints what it found, in JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import httptools
import uvloop

from benchmarks.measure.sample import Sample


@dataclass(eq=False)
class Loop:
    """Connections that send the same requests in turn until `end`, and what came of it."""

    host: str
    port: int
    contents: Iterator[bytes]
    timeout_s: float
    end: float = float("inf")
    durations: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    open: set[Connection] = field(default_factory=set)
    _opening: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, connections: int, seconds: float) -> dict[str, Any]:
        """Send for so many seconds, and return what was found, named as wrk's script names it."""
        begun, used = perf_counter(), process_time()
        self.end = begun + seconds
        for _ in range(connections):
            self.connect()
        await asyncio.sleep(seconds)
        self.end = min(self.end, perf_counter())  # a timer may be early: from now on nothing is sent
        took, used = perf_counter() - begun, process_time() - used
        for connection in list(self.open):
            connection.close()
        self.errors["timeout"] += sum(duration > self.timeout_s for duration in self.durations)
        sample = Sample.of(self.durations, took) if self.durations else Sample(0, took, 0.0, 0.0)
        return {
            "requests": sample.count,
            "duration_us": took * 1e6,
            "p50_us": sample.p50_us,
            "p99_us": sample.p99_us,
            "cpu": used / took,
            **{kind: self.errors[kind] for kind in ("connect", "read", "write", "status", "timeout")},
        }

    def connect(self) -> None:
        """Open one more connection."""
        task = asyncio.get_running_loop().create_task(self._open_one())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open_one(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: Connection(self), self.host, self.port)
        except OSError:
            self.errors["connect"] += 1


class Connection(asyncio.Protocol):
    """One request at a time; what is parsed of an answer is where it ends, and its status."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._parser = httptools.HttpResponseParser(self)
        self._transport: Any  # uvloop's, which is no asyncio.Transport
        self._sent: float | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._loop.open.add(self)
        if perf_counter() > self._loop.end:
            transport.abort()
        else:
            self._send()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()  # what is read is no HTTP: that counts when the connection is lost

    def on_message_complete(self) -> None:
        """Note the answer, and send the next request; httptools calls this."""
        now = perf_counter()
        if self._sent is None or now > self._loop.end:
            return
        self._loop.durations.append(now - self._sent)
        self._loop.errors["status"] += self._parser.get_status_code() // 100 != 2
        self._sent = None
        if self._parser.should_keep_alive():
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._loop.open.discard(self)
        if perf_counter() > self._loop.end:
            return
        if self._sent is not None:  # after an answer the server closes as it may
            self._loop.errors["read"] += 1
        self._loop.connect()

    def close(self) -> None:
        """Hang up; an answer that has been due for too long counts as an error."""
        if self._sent is not None and perf_counter() - self._sent > self._loop.timeout_s:
            self._loop.errors["timeout"] += 1
        self._transport.abort()

    def _send(self) -> None:
        self._sent = perf_counter()
        self._transport.write(next(self._loop.contents))


def main(host: str, port: str, file: str, count: str, connections: str, seconds: str, timeout_s: str) -> None:
    """Send, and print what was found."""
    content = Path(file).read_bytes()
    size = len(content) // int(count)
    contents = cycle(content[start : start + size] for start in range(0, len(content), size))
    loop = Loop(host, int(port), contents, float(timeout_s))
    gc.disable()
    found = uvloop.run(loop.run(int(connections), float(seconds)))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
