"""One line of JSON a request, for those who want it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, TextIO

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED = "refused"
"""Where a scope's state holds the status with which the connection itself has answered the request."""

TOLD = "told"
"""Where a scope's state holds that the request was counted and logged already."""


class AccessLog:
    """Writes to a stream, standard output by default."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._encoder = msgspec.json.Encoder()

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
        """Write a request's line, and let it out at once; what is not known of it is null."""
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
        self._stream.write(self._encoder.encode(line).decode() + "\n")
        self._stream.flush()


async def noted(
    app: ASGIApp, note: Callable[[Scope, str, float], None], scope: Scope, receive: Receive, send: Send
) -> None:
    """Let `app` answer, and note what came of it, and after how many seconds, unless `app` has done so."""
    start = perf_counter()
    status: int | None = None

    async def send_and_note(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        await send(message)

    try:
        await app(scope, receive, send_and_note)
    finally:
        if TOLD not in state_of(scope):
            note(scope, outcome_of(scope, status), perf_counter() - start)


def state_of(scope: Scope) -> dict[str, Any]:
    """Return what all who see a request share, whoever copies its scope."""
    state: dict[str, Any] = scope.setdefault("state", {})
    return state


def outcome_of(scope: Scope, status: int | None) -> str:
    """Return what the client was told, or that it left; `status` is the application's, None for no answer."""
    return str(state_of(scope).get(REFUSED) or status or "disconnected")
