"""One line of JSON a request, for those who want it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, TextIO

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observe.writer import writer_to

REFUSED = "refused"
"""Where a scope's state holds the status with which the connection itself has answered the request."""

TOLD = "told"
"""Where a scope's state holds that the request was counted and logged already."""


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


async def noted(
    app: ASGIApp, note: Callable[[Scope, str, float], None], scope: Scope, receive: Receive, send: Send
) -> None:
    """Let `app` answer, and note what came of it, and after how many seconds, unless `app` has done so."""
    start = perf_counter()
    state = state_of(scope)  # before whoever stands between copies the scope
    status: int | None = None

    async def send_and_note(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    try:
        await app(scope, receive, send_and_note)
    finally:
        if TOLD not in state:
            note(scope, outcome_of(scope, status), perf_counter() - start)


def state_of(scope: Scope) -> dict[str, Any]:
    """Return what all who see a request share, whoever copies its scope."""
    state: dict[str, Any] = scope.setdefault("state", {})
    return state


def outcome_of(scope: Scope, status: int | None) -> str:
    """Return what the client was told, or that it left; `status` is the application's, None for no answer."""
    return str(state_of(scope).get(REFUSED) or status or "disconnected")
