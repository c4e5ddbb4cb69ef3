"""uvicorn's HTTP protocol, and a front of the pipeline: predictions are answered without a task.

ASGI takes a task, a scope, three messages and an event for each request: twice what a small model takes.
A request that arrives whole and is quick to run needs none of them. It goes to the pipeline as it is, and its
answer is written where the model's call ends. Whatever takes longer the application finishes, from where it
was left; what asks for no prediction is the application's from the start.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.http.backoff import FOR_NOW, WAITS, Backoff
from service.http.collector import Collector
from service.http.shortcut import Head, Shortcut
from service.pipeline.exchange import ARRIVED, EXCHANGE, Exchange
from service.wire.message import Body, Headers
from service.wire.protocol import WireProtocol
from service.wire.protocols import asked_for_predictions

_URL_BYTES_MAX = 65_535  # httptools reads no longer one, and says so where it can be answered
_LONG_BYTES = 65_536  # a body with more to come is received in place
_COLLECT_S = 1.0  # whose body takes longer goes to the application, where time is bounded
_HEAD_END = b"\r\n\r\n"


class FrontProtocol(HttpToolsProtocol):
    """Answers without a task what the pipeline finishes at once; nothing where there is no `shortcut`.

    A request is *held* from when its head is there until all of it is. Then it is *begun*: it waits for the
    model, between two turns of the event loop, or is *passed on* to the application. At most one is in one of
    these states on a connection; where another arrives, it is hurried, so that nothing overtakes it.
    """

    shortcut: Shortcut | None = None
    backoff: Backoff

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._held_for: WireProtocol | None = None  # whose request's head has arrived, and nobody was told
        self._head = ("", b"")  # of that request: its path, percent-decoded, and its query
        self._body: Body = b""  # of that request, what has come
        self._arrived = 0.0  # when the last head was there
        self._exchange: Exchange | None = None  # which has begun, and waits for the model
        self._passed_on: Exchange | None = None  # which the application is to finish, and is not told of yet
        self._is_between = True  # the parser expects the first byte of a request
        self._learnt: Head | None = None  # what was begun, of which the parser told last
        self._collector: Collector | None = None
        self._is_collected = False  # the body is there, and what the parser says of it is known already
        self._cycles: list[Any] = []  # what the application was given, and has not answered
        self._is_declined = False  # the head comes once more, and nobody was told of it this time
        self._has_body = False  # there was of a body in the bytes that were read last
        self._is_last = False  # the connection is to be closed after the next answer
        self._idle_since = 0.0

    def is_idle(self) -> bool:
        """Whether no request is in progress."""
        return (
            self._exchange is None
            and self._held_for is None
            and (self.cycle is None or self.cycle.response_complete)
        )

    def is_arriving(self) -> bool:
        """Whether a request's head is here, and nobody else was told of it."""
        return self._held_for is not None or self._collector is not None

    def let_go(self) -> None:
        """Forget the request that is arriving."""
        self._forget_collector()
        self._held_for = None
        self._body = b""

    def hurry(self) -> None:
        """Answer what is in progress now, as far as it is without a task."""
        if self._collector is not None:
            self._collector.end()
        if self._exchange is not None:
            self._exchange.hurry()

    def take_known(self, data: bytes) -> bool:
        """Take a request that is all there is in `data`, and whose head the parser has taken before, whole.

        False, and nothing done but perhaps some steps of the pipeline, where the parser is to read it.
        """
        shortcut = self.shortcut
        if shortcut is None:
            return False
        end = data.find(_HEAD_END) + 4
        head = shortcut.known(data[:end])
        if head is None or len(data) != end + head.length:
            return False
        if self._exchange is not None:
            self._exchange.hurry()
        if self.flow.write_paused or not self.is_idle():
            return False
        self._arrived = now = perf_counter()
        request = self._request_of(head.path, head.query) if shortcut.logs else None
        exchange = Exchange(self, shortcut.telemetry, head.protocol, head.asked, now, request)
        return self._begin(exchange, data[end:], now)

    def data_received(self, data: bytes) -> None:
        is_first, self._is_between = self._is_between, False
        self.feed(data)
        learnt, self._learnt = self._learnt, None
        if learnt is not None and is_first and self._is_between:
            self._remember(data, learnt)
        if self._held_for is not None and not self._collect():
            self._hand_on_held()  # the body is yet to come

    def feed(self, data: bytes) -> None:
        """Let the parser read what came."""
        super().data_received(data)

    def _remember(self, data: bytes, head: Head) -> None:
        """Remember a head, if it and its body are all that there is in `data`, and it was read but once."""
        end = data.find(_HEAD_END) + 4
        content = data[:end]
        is_all = len(data) == end + head.length
        if self.shortcut is not None and is_all and b"upgrade" not in content.lower():
            self.shortcut.remember(content, head)

    def _collect(self) -> bool:
        """Begin to receive a long body in place; False, and nothing done, where little of it is missing."""
        shortcut = self.shortcut
        if self._is_collected or self.transport.is_closing() or shortcut is None:
            return False
        declared = _declared_bytes(self.headers)
        if not declared - len(self._body) > _LONG_BYTES:
            return False
        if not shortcut.bodies.reserve(declared):  # a head may promise a body that never comes
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
        if self._collector is not None and self.shortcut is not None:
            self.shortcut.bodies.give_back(self._collector.length)
        self._collector = None

    def on_message_begin(self) -> None:
        self.hurry()
        self._unset_keepalive_if_required()  # of the answer to what came before, in the same bytes
        self._is_between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._passed_on is not None:  # which the parser reads, having been begun without it
            self._hand_on()
            return
        self._arrived = perf_counter()
        self._body = b""
        self._held_for = self._protocol_to_answer_in()
        if self._held_for is None:
            self._hand_on()

    def on_body(self, body: bytes) -> None:
        self._has_body = True
        if self._passed_on is not None:
            return  # it has its body
        if self._held_for is None:
            super().on_body(body)
        elif not self._is_collected:
            self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        if self._is_declined:
            return
        self._is_between = bool(self.parser.should_keep_alive())
        protocol, self._held_for = self._held_for, None
        if protocol is not None:
            body, self._body = self._body, b""  # it may be long, and the connection idle for long
            if self._begin_held(protocol, body):
                return
            self._hand_on()
        self._passed_on = None
        super().on_message_complete()

    def _begin_held(self, protocol: WireProtocol, body: Body) -> bool:
        assert self.shortcut is not None  # noqa: S101 - or nothing would be held
        path, query = self._head
        request = self._request_of(path, query) if self.shortcut.logs else None
        head = path, query, self.headers
        exchange = self.shortcut.pipeline.ask(self, protocol, head, arrived=self._arrived, request=request)
        if exchange.is_over:
            return True
        if exchange.asked.length is not None:
            self._learnt = Head(protocol, path, query, exchange.asked, exchange.asked.length)
        return self._begin(exchange, body, perf_counter())

    def _begin(self, exchange: Exchange, body: Body, now: float) -> bool:
        """Begin to answer a request, or answer it; False where it is to be passed on."""
        assert self.shortcut is not None  # noqa: S101
        self._exchange = exchange
        if not self.shortcut.pipeline.begin(exchange, body, now):
            self._exchange, self._passed_on = None, exchange
            exchange.body = body
            return False
        if not exchange.is_over and len(self.connections) == 1:  # there is nobody to share a call with
            exchange.hurry()
        return True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._idle_since = perf_counter()
        for cycle in self._cycles:
            if cycle.response_complete and cycle.scope["state"].pop(WAITS, False):
                self._wait(_declared_bytes(cycle.scope["headers"]))

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection where it has been idle for long enough, and look again later where not.

        So the timer need not be set anew with each answer.
        """
        self.timeout_keep_alive_task = None
        if not self.is_idle() or self.transport.is_closing():
            return  # it is set with the next answer
        left_s = self._idle_since + self.timeout_keep_alive - perf_counter()
        if left_s > 0:
            self._look_later(left_s)
        else:
            self.transport.close()

    def _look_later(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def stop_hearing(self) -> None:
        """As `service.http.backoff.Connection` has it."""
        self._unset_keepalive_if_required()
        self.flow.pause_reading()

    def hear_again(self) -> None:
        """As `service.http.backoff.Connection` has it."""
        self.flow.resume_reading()
        self._unset_keepalive_if_required()  # of the answer to what came behind, or it would never end
        if self.is_idle():
            self._idle_since = perf_counter()
            self._look_later(self.timeout_keep_alive)

    def _wait(self, request_bytes: int) -> None:
        """Wait to be heard again, having sent a request of this length that was refused."""
        if not self.transport.is_closing():
            self.backoff.hold(self, request_bytes)

    def end_soon(self) -> None:
        """As `service.http.drain.Connection` has it."""
        self.backoff.release(self)
        self._is_last = True
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        self.backoff.forget(self)
        if self._exchange is not None:
            self._exchange.drop()
            self._exchange = None
        self.let_go()
        for cycle in self._cycles:  # uvicorn tells only the last of them that the client is gone
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._cycles = []
        self._unset_keepalive_if_required()  # which uvicorn forgets where there is an error
        super().connection_lost(exc)

    def _protocol_to_answer_in(self) -> WireProtocol | None:
        """Return in which wire protocol the request whose head is here may be answered without a task.

        None where it asks for no prediction, or is out of the ordinary in any way.
        """
        url, parser, shortcut = self.url, self.parser, self.shortcut
        if not (
            shortcut is not None
            and parser.get_method() == b"POST"
            and url.startswith(b"/")
            and url.isascii()
            and b"#" not in url
            and len(url) <= _URL_BYTES_MAX
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not self.expect_100_continue
            and not self.root_path
            and not self.flow.write_paused
            and self.is_idle()
        ):
            return None
        path, _, query = url.partition(b"?")
        self._head = unquote(path.decode("ascii")), query
        if _declared_bytes(self.headers) > shortcut.pipeline.max_body_bytes:
            return None
        return asked_for_predictions(self._head[0])

    def _hand_on_held(self) -> None:
        """Leave a request to the application of which the body is yet to come."""
        self._held_for = None
        self._hand_on()
        if self._body:
            super().on_body(self._body)  # type: ignore[arg-type] # it takes any buffer
            self._body = b""

    def _hand_on(self) -> None:
        """Let the application answer the request whose head is here, as soon as those before it are done."""
        state = self.scope["state"]
        state[ARRIVED] = self._arrived
        if self._passed_on is not None:
            state[EXCHANGE] = self._passed_on
        super().on_headers_complete()
        self._cycles = [cycle for cycle in self._cycles if not cycle.response_complete] + [self.cycle]
        if self._is_last:
            self.cycle.keep_alive = False

    def _request_of(self, path: str, query: bytes) -> dict[str, Any]:
        """Return what a line in the log tells of a prediction."""
        return {"method": "POST", "path": path, "query_string": query, "client": self.client}

    def answer(self, exchange: Exchange, headers: Headers, content: bytes, /) -> None:
        """As `service.pipeline.exchange.Front` has it."""
        self._idle_since = exchange.encoded
        self._write(200, headers, content)

    def refuse(self, exchange: Exchange, error: BaseException, /) -> int:
        """As `service.pipeline.exchange.Front` has it."""
        status, headers, content = self.backoff.refusal(exchange.protocol, error)
        self._idle_since = perf_counter()
        self._write(status, headers, content)
        if status in FOR_NOW:
            self._wait(exchange.asked.length or 0)
        return status

    def _write(self, status: int, headers: Headers, content: bytes) -> None:
        self._exchange = None
        transport, shortcut = self.transport, self.shortcut
        assert shortcut is not None  # noqa: S101
        if transport.is_closing():
            return
        head = shortcut.written(status, headers, self.server_state.default_headers)
        end = b"\r\nconnection: close" if self._is_last else b""
        transport.write(b"%b%d%b\r\n\r\n%b" % (head, len(content), end, content))
        self.server_state.total_requests += 1
        if self._is_last:
            transport.close()
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.timeout_keep_alive_task is None:
            self._look_later(self.timeout_keep_alive)


def _declared_bytes(headers: Headers) -> int:
    return next((int(value) for name, value in headers if name == b"content-length"), 0)
