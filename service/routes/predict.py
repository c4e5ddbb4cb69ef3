"""`POST /predict`: the one hot address, and therefore an ASGI application of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from service.engine.batcher import Answer, Batcher, Rows
from service.engine.reply import Body, Headers, Reply, Write
from service.errors import ExpiredError, OverloadedError, RequestError, refusal
from service.http.limits import read_body
from service.observe.access_log import AccessLog
from service.observe.metrics import STAGES, Metrics
from service.repository.resolver import Engine
from service.repository.servable import Servable
from service.routes.query import Query, Wants, parse_headers, parse_query
from service.wire.codec import encode_json, encode_octets

OCTETS = "application/octet-stream"
_CHEAP_BYTES = 4096


@dataclass(slots=True)
class _Course:
    """How far a request has come, for whoever counts and logs it."""

    start: float
    servable: Servable | None = None
    rows: int = 0
    octets_out: bool = False
    decode_s: float = 0.0
    end: float = 0.0
    stages: tuple[float, float, float, float] | None = None
    """Seconds of decode, wait, infer and encode, of an answered request."""


class _Asked(NamedTuple):
    """What a request asks for, before its body is read."""

    servable: Servable
    wants: Wants
    deadline: float | None


class PredictEndpoint:
    """Answers with the label and the probabilities of each row."""

    def __init__(
        self,
        engine: Engine,
        metrics: Metrics,
        *,
        max_body_bytes: int,
        max_rows: int,
        body_timeout_s: float,
        server_timing: bool,
        access_log: AccessLog | None,
    ) -> None:
        self._engine = engine
        self._metrics = metrics
        self.max_body_bytes = max_body_bytes
        self._max_rows = max_rows
        self._body_timeout_s = body_timeout_s
        self._server_timing = server_timing
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        course = _Course(perf_counter())
        try:
            headers, content = await self._answer(scope, receive, course)
            status = 200
        except RequestError as error:
            status, headers, content = refusal(error)
        except ClientDisconnect:
            self._note(course, "disconnected")
            self._log(scope, course, "disconnected")
            return
        except Exception:
            self._note(course, "500")
            self._log(scope, course, "500")
            raise  # to the application's edge, which logs it and answers
        headers.append((b"content-length", b"%d" % len(content)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        self._note(course, str(status))  # after the answer, which need not wait for it
        self._log(scope, course, str(status))

    def answer_now(self, query: bytes, headers: Headers, body: Body) -> tuple[Headers, bytes] | None:
        """Answer a whole request that the event loop can run, with nobody to share the call with.

        None, and no trace, where it must be answered by `__call__`: it takes longer, has something wrong, or
        every request is to be logged.
        """
        course = _Course(perf_counter())
        try:
            asked = self._understand(course, query, headers, body)
            rows = asked and self._decode_quick(course, asked, body)
            if asked is None or rows is None:
                return None
            answer = asked.servable.batcher.call_now(rows, asked.deadline)
            answered = self._encode(course, asked.servable, answer)
        except Exception:  # which `__call__` will meet again, and tell of
            return None
        self._note(course, "200")
        return answered

    def begin(self, query: bytes, headers: Headers, body: Body, write: Write) -> Reply | None:
        """Begin to answer a whole request that the event loop can run; None as `answer_now`.

        `write` is called when the answer is there. Where there is no place for the request, that is at once:
        whoever has too much to do must be able to say so cheaply.
        """
        course = _Course(perf_counter())
        try:
            asked = self._understand(course, query, headers, body)
            if asked is None:
                return None
            servable, batcher = asked.servable, asked.servable.batcher
            reply = Reply(
                batcher, partial(self._encode, course, servable), write, partial(self._note, course)
            )
            try:
                batcher.check_room()
                rows = self._decode_quick(course, asked, body)
                if rows is None:
                    return None
                batcher.submit_for(reply, rows, asked.deadline)
            except OverloadedError as error:
                reply.set_exception(error)
        except Exception:  # as above
            return None
        return reply

    def _understand(self, course: _Course, query: bytes, headers: Headers, body: Body) -> _Asked | None:
        if self._access_log is not None or len(body) > self.max_body_bytes:
            return None
        wants, said = parse_headers(headers), parse_query(query)
        servable = course.servable = self._engine.loaded(said.target)
        return None if servable is None else _Asked(servable, wants, _deadline(course, wants, said))

    def _decode_quick(self, course: _Course, asked: _Asked, body: Body) -> Rows | None:
        """Return the rows, None where there are more than the event loop can run."""
        batcher = asked.servable.batcher
        perhaps = len(body) // asked.servable.row_bytes
        if not batcher.runs_inline(max(1, perhaps)):
            return None
        rows = self._decode(course, asked.servable, asked.wants, body)
        return rows if batcher.runs_inline(len(rows)) else None

    async def _answer(self, scope: Scope, receive: Receive, course: _Course) -> tuple[Headers, bytes]:
        wants = parse_headers(scope["headers"])
        body = await read_body(
            receive, wants.length, max_bytes=self.max_body_bytes, timeout_s=self._body_timeout_s
        )
        asked = parse_query(scope["query_string"])
        servable = self._engine.loaded(asked.target) or await self._engine.load(asked.target)
        course.servable = servable
        batcher = servable.batcher
        if len(body) > _CHEAP_BYTES:
            batcher.check_room()  # before decoding, which costs as much as a small model
        rows = self._decode(course, servable, wants, body)
        deadline = _deadline(course, wants, asked)
        if batcher.runs_inline(len(rows)):
            answer = await batcher.submit(rows, deadline)
        else:
            answer = await _answer_unless_gone(batcher, batcher.submit(rows, deadline), receive, deadline)
        return self._encode(course, servable, answer)

    def _decode(self, course: _Course, servable: Servable, wants: Wants, body: Body) -> Rows:
        begun = perf_counter()
        decode = servable.read_octets if wants.octets_in else servable.read_json
        rows = decode(body, max_rows=self._max_rows)
        course.servable, course.rows, course.octets_out = servable, len(rows), wants.octets_out
        course.decode_s = perf_counter() - begun
        return rows

    def _encode(self, course: _Course, servable: Servable, answer: Answer) -> tuple[Headers, bytes]:
        begun = perf_counter()
        if course.octets_out:
            headers, content = _octets_headers(servable), encode_octets(answer.probabilities)
        else:
            headers = [(b"content-type", b"application/json")]
            content = encode_json(servable.prefix, servable.labels, answer.best, answer.numbers)
        course.end = perf_counter()
        course.stages = course.decode_s, answer.wait_s, answer.infer_s, course.end - begun
        if self._server_timing:
            headers.append(_timing(*course.stages))
        return headers, content

    def _note(self, course: _Course, outcome: str) -> None:
        servable = course.servable
        if servable is not None and course.stages is not None:
            servable.metrics.observe_answer(course.rows, course.end - course.start, *course.stages)
        else:
            target = (servable.model, servable.variant) if servable is not None else ("", "")
            self._metrics.outcome(*target, outcome).inc()

    def _log(self, scope: Scope, course: _Course, outcome: str) -> None:
        if self._access_log is not None:
            self._access_log.write(
                scope, course.servable, outcome, course.rows, perf_counter() - course.start
            )


def _deadline(course: _Course, wants: Wants, asked: Query) -> float | None:
    timeout_ms = asked.timeout_ms or wants.timeout_ms
    return None if timeout_ms is None else course.start + timeout_ms / 1e3


async def _answer_unless_gone(
    batcher: Batcher, future: asyncio.Future[Answer], receive: Receive, deadline: float | None
) -> Answer:
    """Await a slow answer; give its place up where the client goes away, or its time is over, before."""
    gone: asyncio.Future[Any] = asyncio.ensure_future(receive())
    timeout = None if deadline is None else max(0.0, deadline - perf_counter())
    try:
        await asyncio.wait({future, gone}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        if gone.done():
            raise ClientDisconnect
        raise ExpiredError("the time that timeout_ms allows was over before the answer was there")
    finally:
        gone.cancel()
        batcher.give_up(future)


def _octets_headers(servable: Servable) -> Headers:
    return [
        (b"content-type", b"application/octet-stream"),
        (b"x-model", servable.model.encode()),
        (b"x-version", b"%d" % servable.version),
        (b"x-variant", servable.variant.encode()),
    ]


def _timing(*stages: float) -> tuple[bytes, bytes]:
    text = ", ".join(f"{name};dur={s * 1e3:.3f}" for name, s in zip(STAGES, stages, strict=True))
    return b"server-timing", text.encode()
