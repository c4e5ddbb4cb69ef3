"""One line of JSON a request, for those who want it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from time import perf_counter
from typing import TextIO

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observe.writer import writer_to


class AccessLog:
    """Writes to a stream, standard output by default, without keeping a request waiting."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._writer = writer_to(stream or sys.stdout)
        self._encoder = msgspec.json.Encoder()
        self._unwritten = 0

    @property
    def dropped(self) -> int:
        """How many requests have no line, because it could not be written."""
        return self._writer.dropped + self._unwritten

    def close(self, timeout_s: float) -> None:
        """Give the lines that wait this long to be written."""
        self._writer.flush(timeout_s)

    def write(
        self,
        scope: Scope,
        outcome: str,
        took_s: float,
        *,
        model: str | None = None,
        version: int | None = None,
        variant: str | None = None,
        rows: int = 0,
    ) -> None:
        """Write a request's line, sooner or later; what is not known of it is null. Raises nothing."""
        try:
            line = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "method": scope["method"],
                "client": (scope.get("client") or ("",))[0],
                "path": scope["path"],
                "query": scope["query_string"].decode("latin-1"),
                "outcome": outcome,
                "model": model,
                "version": version,
                "variant": variant,
                "rows": rows,
                "ms": round(took_s * 1e3, 3),
            }
            self._writer.put(self._encoder.encode(line) + b"\n")
        except Exception:  # whatever it is, the request has its answer
            self._unwritten += 1


async def logged(app: ASGIApp, log: AccessLog, scope: Scope, receive: Receive, send: Send) -> None:
    """Let `app` answer a request that is not for a variant, and log it with the status that it answered."""
    start = perf_counter()
    outcome = "disconnected"

    async def send_and_note(message: Message) -> None:
        nonlocal outcome
        if message["type"] == "http.response.start":
            outcome = str(message["status"])
        await send(message)

    try:
        await app(scope, receive, send_and_note)
    finally:
        log.write(scope, outcome, perf_counter() - start)
