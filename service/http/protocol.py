"""uvicorn's HTTP protocol, with bounds on what a connection may take before a request is complete."""

from __future__ import annotations

import asyncio
from typing import Any

from service.http.express import ExpressProtocol
from service.http.limits import Bounds
from service.wire.problem import PROBLEM_TYPE, problem


class GuardedProtocol(ExpressProtocol):
    """Tells 503 to a connection too many and 431 to a head too large, and closes on a head too slow."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._bounds: Bounds = self.app.bounds
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = False
        self._begun = 0  # requests, in the bytes that were read last

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self._bounds.connections:
            self._refuse(503, f"there are {self._bounds.connections} connections; no more are allowed")
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._begun = 0
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._begun:
                # Some of these bytes may be of the requests before.
                is_alone = self._begun == 1 and self.is_idle()
                self._head_bytes = len(data) if is_alone else self._parsed_bytes()
                self._stop_timer()
            else:
                self._head_bytes += len(data)
            self._check_head(self._head_bytes)
            self._start_timer()
        elif not self._begun and self.is_idle() and not self._is_collected:
            self._start_timer()  # these bytes belong to no request, and have stopped the idle timer
        elif self._head_timer is not None or len(data) > self._bounds.head_bytes:
            self._stop_timer()
            self._check_head(self._parsed_bytes())

    def _parsed_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def on_message_begin(self) -> None:
        self._in_head = True
        self._begun += 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, f"the request is not HTTP: {msg}")

    def _check_head(self, size: int) -> None:
        if size > self._bounds.head_bytes:
            limit = self._bounds.head_bytes
            self._refuse(431, f"the request line and headers are longer than {limit} bytes")

    def _refuse(self, status: int, detail: str) -> None:
        if self.transport.is_closing():
            return
        self.hurry()
        if self.cycle is not None:
            self.cycle.disconnected = True  # whatever the application answers is not sent
        body = problem(status, detail)
        head = (
            f"HTTP/1.1 {status} Refused\r\ncontent-type: {PROBLEM_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(
                self._bounds.head_timeout_s, self.timeout_keep_alive_handler
            )

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
