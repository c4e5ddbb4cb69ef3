"""uvicorn's HTTP protocol, with a short way for the request that matters: a small, whole `POST /predict`.

ASGI takes a task, a scope, three messages and an event for each request: twice what a small model takes.
A request that arrives whole and is quick to run needs none of them. It is handed to the endpoint as it is,
and its answer is written where the model's call ends. Everything else goes the long way, and so does whatever
is wrong in any way: there is one place that knows how to refuse.
"""

from __future__ import annotations

from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.engine.reply import Reply, Write
from service.http.backoff import FOR_NOW, WAITS, Backoff
from service.http.bodies import Bodies
from service.http.collector import Collector
from service.wire.message import Body, Headers

_PATH = b"/predict"
_URL_BYTES_MAX = 65_535  # httptools reads no longer one, and says so where it can be answered
_LONG_BYTES = 65_536  # a body with more to come is received in place
_COLLECT_S = 1.0  # whose body takes longer goes the long way, where time is bounded


class Endpoint(Protocol):
    """What answers, as this protocol knows it. None means that a request must go the long way."""

    max_body_bytes: int
    bodies: Bodies

    def answer_now(self, query: bytes, headers: Headers, body: Body) -> tuple[Headers, bytes] | None:
        """Return the headers, but for Content-Length, and the content of the answer."""

    def begin(self, query: bytes, headers: Headers, body: Body, write: Write) -> Reply | None:
        """Begin to answer; `write` is called later, or before this returns."""


class ExpressProtocol(HttpToolsProtocol):
    """Answers without a task what `endpoint` takes on; nothing where it is None.

    At most one such request is in progress on a connection, and only between two turns of the event loop.
    Where something happens before that is over, its answer is hurried, so that nothing overtakes it.
    """

    endpoint: Endpoint | None = None
    backoff: Backoff

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reply: Reply | None = None
        self._is_held = False  # the head has arrived, and nobody has been told
        self._body: Body = b""
        self._collector: Collector | None = None
        self._is_collected = False  # the body is there, and what the parser says of it is known already
        self._cycles: list[Any] = []  # what the application was given, and has not answered
        self._is_declined = False  # the head comes once more, and nobody was told of it this time
        self._has_body = False  # there was of a body in the bytes that were read last
        self._is_last = False  # the connection is to be closed after the next answer

    def is_idle(self) -> bool:
        """Whether no request is in progress."""
        return (
            self._reply is None and not self._is_held and (self.cycle is None or self.cycle.response_complete)
        )

    def is_arriving(self) -> bool:
        """Whether a request's head is here, and nobody else was told of it."""
        return self._is_held or self._collector is not None

    def let_go(self) -> None:
        """Forget the request that is arriving."""
        self._forget_collector()
        self._is_held = False
        self._body = b""

    def hurry(self) -> None:
        """Answer what is in progress now, as far as it is without a task."""
        if self._collector is not None:
            self._collector.end()
        if self._reply is not None:
            self._reply.hurry()

    def data_received(self, data: bytes) -> None:
        self.feed(data)
        if self._is_held and not self._collect():
            self._go_the_long_way()  # the body is yet to come

    def feed(self, data: bytes) -> None:
        """Let the parser read what came."""
        super().data_received(data)

    def _collect(self) -> bool:
        """Begin to receive a long body in place; False, and nothing done, where little of it is missing."""
        endpoint = self.endpoint
        if self._is_collected or self.transport.is_closing() or endpoint is None:
            return False
        declared = _declared_bytes(self.headers)
        if not declared - len(self._body) > _LONG_BYTES or declared > endpoint.max_body_bytes:
            return False
        if not endpoint.bodies.reserve(declared):  # a head may promise a body that never comes
            return False
        self._collector = Collector(
            self, self.transport, bytes(self._body), declared, deliver=self._collected, timeout_s=_COLLECT_S
        )
        return True

    def _collected(self, buffer: bytearray, filled: int) -> None:
        begun = len(self._body)
        self._forget_collector()
        self._is_collected = True
        self._body = buffer if filled == len(buffer) else bytes(memoryview(buffer)[:filled])
        self.data_received(memoryview(buffer)[begun:filled])  # type: ignore[arg-type] # it takes any buffer
        self._is_collected = False

    def _forget_collector(self) -> None:
        if self._collector is not None and self.endpoint is not None:
            self.endpoint.bodies.give_back(self._collector.length)
        self._collector = None

    def on_message_begin(self) -> None:
        self.hurry()
        self._unset_keepalive_if_required()  # of the answer to what came before, in the same bytes
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._body = b""
        self._is_held = self._may_be_quick()
        if not self._is_held:
            self._hand_on()

    def on_body(self, body: bytes) -> None:
        self._has_body = True
        if not self._is_held:
            super().on_body(body)
        elif not self._is_collected:
            self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        if self._is_held:
            self._is_held = False
            began = self._begin()
            if not began:
                self._go_the_long_way()
            self._body = b""  # it may be long, and the connection idle for long
            if began:
                return
        if not self._is_declined:
            super().on_message_complete()

    def _begin(self) -> bool:
        """Begin to answer the request, or answer it; False, and no trace, where it must go the long way."""
        endpoint = self.endpoint
        assert endpoint is not None  # noqa: S101 - or nothing would be held
        query = self.url[len(_PATH) + 1 :]
        if len(self.connections) > 1:
            reply = endpoint.begin(query, self.headers, self._body, self._answer)
            self._reply = None if reply is None or reply.done() else reply
            return reply is not None
        answer = endpoint.answer_now(query, self.headers, self._body)
        if answer is not None:
            self._answer(200, *answer)
        return answer is not None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        for cycle in self._cycles:
            if cycle.response_complete and cycle.scope["state"].pop(WAITS, False):
                self._wait(cycle.scope["headers"])

    def stop_hearing(self) -> None:
        """As `service.http.backoff.Connection` has it."""
        self._unset_keepalive_if_required()
        self.flow.pause_reading()

    def hear_again(self) -> None:
        """As `service.http.backoff.Connection` has it."""
        self.flow.resume_reading()
        self._unset_keepalive_if_required()  # of the answer to what came behind, or it would never end
        if self.is_idle():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _wait(self, headers: Headers) -> None:
        """Wait to be heard again, having sent a request with these headers that was refused."""
        if not self.transport.is_closing():
            self.backoff.hold(self, _declared_bytes(headers))

    def end_soon(self) -> None:
        """As `service.http.drain.Connection` has it."""
        self.backoff.release(self)
        self._is_last = True
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.backoff.forget(self)
        if self._reply is not None:
            self._reply.drop()
            self._reply = None
        self.let_go()
        for cycle in self._cycles:  # uvicorn tells only the last of them that the client is gone
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._cycles = []
        self._unset_keepalive_if_required()  # which uvicorn forgets where there is an error
        super().connection_lost(exc)

    def _may_be_quick(self) -> bool:
        url, parser = self.url, self.parser
        return (
            self.endpoint is not None
            and url.startswith(_PATH)
            and len(url) <= _URL_BYTES_MAX
            and url[len(_PATH) : len(_PATH) + 1] in (b"?", b"")
            and b"#" not in url
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not self.expect_100_continue
            and not self.root_path
            and not self.flow.write_paused
            and self.is_idle()
        )

    def _go_the_long_way(self) -> None:
        self._is_held = False
        self._hand_on()
        if self._body:
            super().on_body(self._body)  # type: ignore[arg-type] # it takes any buffer
            self._body = b""

    def _hand_on(self) -> None:
        """Let the application answer the request whose head is here, as soon as those before it are done."""
        super().on_headers_complete()
        self._cycles = [cycle for cycle in self._cycles if not cycle.response_complete] + [self.cycle]
        if self._is_last:
            self.cycle.keep_alive = False

    def _answer(self, status: int, headers: Headers, content: bytes) -> None:
        self._reply = None
        if self.transport.is_closing():
            return
        parts = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            parts += (name, b": ", value, b"\r\n")
        if self._is_last:
            parts.append(b"connection: close\r\n")
        parts += (b"content-length: %d\r\n\r\n" % len(content), content)
        self.transport.write(b"".join(parts))
        if self._is_last:
            self.transport.close()
        super().on_response_complete()
        if status in FOR_NOW:
            self._wait(self.headers)


def _declared_bytes(headers: Headers) -> int:
    return next((int(value) for name, value in headers if name == b"content-length"), 0)
