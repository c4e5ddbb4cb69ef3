"""uvicorn's HTTP protocol, with bounds on what a connection may take before a request is complete."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from service.http.front import FrontProtocol
from service.http.half_close import HalfClose
from service.http.host import host_in
from service.http.linger import LingeringTransport
from service.observe.access_log import REFUSED
from service.wire.protocols import owner


class _RefusedError(Exception):
    """Raised in a callback of the parser, so that it reads no further."""


class GuardedProtocol(FrontProtocol):
    """Refuses by itself what must not reach the application, each request once and in its turn.

    That is 503 to a connection too many, 431 to a head too large, 400 to what is not HTTP; a head too slow
    ends its connection without a word. Bounds are checked before anything is handed on.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._host = host_in(self.app)
        self.backoff = self._host.backoff
        self.shortcut = self._host.shortcut if self._host is self.app else None
        self._host.connections = self.connections  # type: ignore[assignment] # all are of this class
        self._bounds = self._host.bounds
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0  # of a head that is not complete
        self._may_be_large = False  # the head that is being read
        self._barren_bytes = 0  # since the last of a body, that were not of it
        self._in_head = False
        self._begun = 0  # requests, in the bytes that were read last
        self._without_upgrade = b""  # a head once more, without what nobody here takes up
        self._refusal: bytes | None = None
        self._half_close: HalfClose | None = None

    def connection_made(self, transport: Any) -> None:
        lingering = LingeringTransport(transport, unread_s=self.timeout_keep_alive)
        super().connection_made(lingering)  # type: ignore[arg-type] # it stands in for one
        if len(self.connections) > self._bounds.connections:
            self._refuse(503, f"there are {self._bounds.connections} connections; no more are allowed")
        else:
            self._start_timer()
            self._is_last = self._host.is_draining

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._half_close is not None:
            self._half_close.end()
        if self._refusal is None and (self._in_head or self.is_arriving()):
            self._host.note(self._request(), "disconnected")
        for cycle, _ in self.pipeline:  # nobody has begun to answer them
            self._host.note(dict(cycle.scope), "disconnected")
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn's always closes
        """Close the connection after the answers to what has arrived whole; at once where nothing has."""
        if self._half_close is None and not self.transport.is_closing() and self.transport.can_write_eof():
            whole = [cycle for cycle in self._cycles if not (cycle.more_body or cycle.response_complete)]
            if whole or self._exchange is not None:
                self._end_after(whole)
        return self._half_close is not None

    def _end_after(self, whole: list[Any]) -> None:
        self._half_close = HalfClose(self.loop, self.transport, whole, unread_s=self.timeout_keep_alive)
        self._stop_timer()  # of a head that will not come whole
        self._is_last = True
        if self.pipeline and self.pipeline[0][0].more_body:  # nor will this, which came last
            cycle, _ = self.pipeline.popleft()
            self._host.note(dict(cycle.scope), "disconnected")
        if whole and self._refusal is None:
            whole[-1].keep_alive = False

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None or self.transport.is_closing():  # `_is_over`, in the hottest place
            return
        if self._is_between and self.take_known(data):
            if self._head_timer is not None:
                self._stop_timer()
            return
        was_in_head = self._in_head
        self._begun = 0
        self._may_be_large = self._head_bytes + len(data) > self._bounds.head_bytes
        self._has_body = False
        super().data_received(data)
        if self._refusal is not None or self.transport.is_closing():
            return
        if self._in_head:
            if self._begun:
                # Some of these bytes may be of the requests before.
                is_alone = self._begun == 1 and self.is_idle() and not (was_in_head or self._has_body)
                self._head_bytes = len(data) if is_alone else self._parsed_bytes()
                self._stop_timer()
            else:
                self._head_bytes += len(data)
            self._check_head(self._head_bytes)
            self._start_timer()
        elif not (self._begun or was_in_head or self._is_collected) and self.is_idle():
            self._start_timer()  # these bytes belong to no request, and have stopped the idle timer
        else:
            if self._head_timer is not None:
                self._stop_timer()
            if not (self._begun or was_in_head):
                # What stands between the pieces of a body, or after it, is a head as well.
                self._barren_bytes = 0 if self._has_body else self._barren_bytes + len(data)
                self._check_head(max(self._barren_bytes, self._parsed_bytes()))

    def feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        rest = data
        try:
            while True:
                try:
                    self.parser.feed_data(rest)
                    return
                except HttpParserUpgrade as end:
                    # It took what follows for another protocol; the offer is declined (RFC 9110, 7.8).
                    rest = memoryview(rest)[end.args[0] :]  # type: ignore[assignment] # it takes any buffer
                    self._is_declined = False
                    self.parser.feed_data(self._without_upgrade)
        except HttpParserError as error:
            if self._refusal is None:
                self.send_400_response(str(error))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._begun and self._is_over():
            raise _RefusedError  # behind an answer after which the connection is closed
        self._in_head = True
        self._begun += 1

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._may_be_large:
            self._check_head(self._parsed_bytes())
        hosts = 0
        for name, _ in self.headers:
            if name == b"host":
                hosts += 1
        if hosts != 1 and self.parser.get_http_version() == "1.1":  # RFC 9112, 3.2
            self._refuse(400, f"there are {hosts} Host headers; HTTP/1.1 has exactly one")
        is_upgrade = self.parser.should_upgrade()
        if is_upgrade and self.parser.get_method() == b"CONNECT":
            self._refuse(405, "CONNECT: this is no proxy")
        if self._refusal is not None:
            raise _RefusedError
        if is_upgrade:
            self._is_declined = True
            self._without_upgrade = self._head_without_upgrade()
            return
        self._head_bytes = self._barren_bytes = 0
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        is_alone = not self.pipeline
        super().on_response_complete()
        if self._in_head:
            self._stop_timer()
            self._start_timer()
        if is_alone and self._refusal is not None:
            self._end_with(self._refusal)

    def shutdown(self) -> None:
        """Answer what is here, and what comes soon, and refuse what stops half-way; then close."""
        self.end_soon()
        if self.cycle is not None:
            self.cycle.keep_alive = False
        if self._exchange is not None:
            self._exchange.hurry()
        self.loop.call_later(self._bounds.last_call_s, self._close_unless_busy)

    def _close_unless_busy(self) -> None:
        if self._half_close is not None:
            return  # it is closed after the answers to what is here
        if self.is_idle() and not self._in_head:
            self.transport.close()
        elif self.is_idle() or self._held_for is not None or self._is_handed_on_half():
            self._refuse(503, "the service is stopping, and the request has not arrived in time")

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, f"the request is not HTTP: {msg}")

    def _is_over(self) -> bool:
        return self._refusal is not None or self.transport.is_closing()

    def _is_handed_on_half(self) -> bool:
        """Whether the application has the request that is being read, and not yet all of its body."""
        cycle = self.cycle
        return cycle is not None and cycle.scope is self.scope and cycle.more_body

    def _parsed_bytes(self) -> int:
        """Return how long the head is, as far as it is parsed: with the colon and the ends of its lines."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _check_head(self, size: int) -> None:
        if size > self._bounds.head_bytes:
            limit = self._bounds.head_bytes
            self._refuse(431, f"the request line and headers are longer than {limit} bytes")

    def _head_without_upgrade(self) -> bytes:
        parser = self.parser
        lines = [parser.get_method() + b" " + self.url + b" HTTP/" + parser.get_http_version().encode()]
        lines += [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _request(self) -> dict[str, Any]:
        """Return what is known of the request that is being read, as a scope has it."""
        url = b"" if self.scope is None else self.url
        path, _, query = url.partition(b"?")
        return {
            "method": self.parser.get_method().decode() if url else "",
            "path": path.decode("latin-1"),
            "query_string": query,
            "client": self.client,
        }

    def _refuse(self, status: int, detail: str) -> None:
        """Refuse the request that is being read, after the answers to those before it, and read no more."""
        if self._is_over():
            return
        self._stop_timer()
        self.hurry()
        request = self._request()
        kind, body = owner(unquote(request["path"])).refusal(status, detail)
        head = b"content-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        refusal = STATUS_LINE[status] + head % (kind, len(body)) + body
        cycle = self.cycle
        waits = cycle is not None and not cycle.response_complete
        if self._is_handed_on_half():
            if cycle.response_complete:
                self.transport.close()
                return
            if self.pipeline:
                self.pipeline.popleft()  # it is the last of those that wait
                self._host.note(request, str(status))
            else:
                cycle.scope["state"][REFUSED] = str(status)
                cycle.disconnected = True  # whatever the application answers is not sent
                cycle.message_event.set()
                waits = False
        else:
            self._host.note(request, str(status))
        self._in_head = False
        self.let_go()
        self._refusal = refusal
        if not waits:
            self._end_with(refusal)

    def _end_with(self, refusal: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(refusal)
            self.transport.close()

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._bounds.head_timeout_s, self._end_of_time)

    def _end_of_time(self) -> None:
        self._head_timer = None
        if self.is_idle() and not self.flow.read_paused:
            self.transport.close()
        else:  # the head stands behind a request that is in progress, or nobody listens
            self._start_timer()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
