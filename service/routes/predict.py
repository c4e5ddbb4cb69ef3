"""Where predictions are asked for in one wire protocol: the hot address, an ASGI application of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from service.engine.batcher import Batcher
from service.engine.job import Answer
from service.engine.reply import Reply, Write
from service.errors import ExpiredError, OverloadedError, RequestError
from service.http.backoff import FOR_NOW, WAITS, Backoff
from service.http.bodies import Bodies
from service.http.limits import read_body
from service.observe.access_log import TOLD, AccessLog, outcome_of, state_of
from service.observe.metrics import STAGES, Metrics
from service.repository.resolver import Bound, Resolver
from service.routes.course import Course
from service.wire.message import Body, Headers, Rows
from service.wire.protocol import Asked, Codec, WireProtocol
from service.wire.protocols import asked_for_predictions, refuse
from service.wire.target import Target

_CHEAP_BYTES = 4096
_LOADING_S = 60.0  # for which a request waits that gives no timeout_ms

T = TypeVar("T")


class _Found(NamedTuple):
    """What a request asks for, whom, and the time by which."""

    bound: Bound[Codec]
    asked: Asked
    deadline: float | None


class PredictEndpoint:
    """Answers with the label and the probabilities of each row."""

    def __init__(  # noqa: PLR0913 - all that one request meets
        self,
        protocol: WireProtocol,
        resolver: Resolver[Codec],
        *,
        metrics: Metrics,
        max_body_bytes: int,
        bodies: Bodies,
        backoff: Backoff,
        body_timeout_s: float,
        server_timing: bool,
        access_log: AccessLog | None,
    ) -> None:
        self._protocol = protocol
        self._resolver = resolver
        self._metrics = metrics
        self.max_body_bytes = max_body_bytes
        self.bodies = bodies
        self._backoff = backoff
        self._body_timeout_s = body_timeout_s
        self._server_timing = server_timing
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        course = Course(perf_counter())
        try:
            headers, content = await self._answer(scope, receive, course)
            status = 200
        except RequestError as error:
            status, headers, content = self._refusal(error)
            if status in FOR_NOW:
                state_of(scope)[WAITS] = True
        except ClientDisconnect:
            self._tell(scope, course, outcome_of(scope, None))
            return
        except Exception:
            self._tell(scope, course, "500")
            raise  # to the application's edge, which logs it and answers
        headers.append((b"content-length", b"%d" % len(content)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        self._tell(scope, course, str(status))  # after the answer, which need not wait for it

    def answer_now(self, query: bytes, headers: Headers, body: Body) -> tuple[Headers, bytes] | None:
        """Answer a whole request that the event loop can run, with nobody to share the call with.

        None, and no trace, where it must be answered by `__call__`: it takes longer, has something wrong, or
        every request is to be logged.
        """
        course = Course(perf_counter())
        try:
            found = self._find(course, query, headers, body)
            rows = found and _decode_quick(course, found, body)
            if found is None or rows is None:
                return None
            (servable, codec), _, deadline = found
            answered = self._encode(course, codec, servable.batcher.call_now(rows, deadline))
        except Exception:  # which `__call__` will meet again, and tell of
            return None
        course.count(self._metrics, "200")
        return answered

    def begin(self, query: bytes, headers: Headers, body: Body, write: Write) -> Reply | None:
        """Begin to answer a whole request that the event loop can run; None as `answer_now`.

        `write` is called when the answer is there. Where there is no place for the request, that is at once:
        whoever has too much to do must be able to say so cheaply.
        """
        course = Course(perf_counter())
        try:
            found = self._find(course, query, headers, body)
            if found is None:
                return None
            (servable, codec), asked, deadline = found
            batcher = servable.batcher
            encode = partial(self._encode, course, codec)
            reply = Reply(batcher, encode, self._refusal, write, partial(course.count, self._metrics))
            try:
                _check_room(found.bound, asked, body)
                rows = _decode_quick(course, found, body)
                if rows is None:
                    return None
                batcher.submit_for(reply, rows, deadline)
            except OverloadedError as error:
                reply.set_exception(error)
        except Exception:  # as above
            return None
        return reply

    def _find(self, course: Course, query: bytes, headers: Headers, body: Body) -> _Found | None:
        if self._access_log is not None or len(body) > self.max_body_bytes:
            return None
        asked = self._protocol.ask("/predict", query, headers)
        bound = self._resolver.loaded(asked.target)
        if bound is None or asked.coding is not None:
            return None
        course.servable = bound.servable
        return _Found(bound, asked, _deadline(course, asked))

    async def _answer(self, scope: Scope, receive: Receive, course: Course) -> tuple[Headers, bytes]:
        asked = self._protocol.ask(scope["path"], scope["query_string"], scope["headers"])
        (servable, codec), rows, deadline = await self._read(asked, receive, course)
        batcher = servable.batcher
        if batcher.runs_inline(len(rows)):
            answer = await batcher.submit(rows, deadline)
        else:
            answer = await _answer_unless_gone(batcher, batcher.submit(rows, deadline), receive, deadline)
        return self._encode(course, codec, answer)

    async def _read(
        self, asked: Asked, receive: Receive, course: Course
    ) -> tuple[Bound[Codec], Rows, float | None]:
        """Return whom a request is for, its rows, and the time by which."""
        with self.bodies.under_way() as arriving:
            body = await read_body(
                receive, asked.length, arriving, max_bytes=self.max_body_bytes, timeout_s=self._body_timeout_s
            )
            deadline = _deadline(course, asked)
            bound = self._resolver.loaded(asked.target) or await self._load(asked.target, receive, deadline)
            course.servable = bound.servable
            _check_room(bound, asked, body)
            rows = _decode(course, bound.codec, asked, body)
        return bound, rows, deadline

    async def _load(self, target: Target, receive: Receive, deadline: float | None) -> Bound[Codec]:
        """Wait for what is not loaded yet; loading goes on for others where this request does not wait on."""
        loading = asyncio.ensure_future(self._resolver.load(target))
        until = perf_counter() + _LOADING_S if deadline is None else deadline
        try:
            return await _unless_gone(loading, receive, until, "the variant was loaded")
        except ExpiredError:
            if deadline is not None:
                raise
            what = f"the variant was not loaded within {_LOADING_S:g} s, and may be later"
            raise OverloadedError(what, retry_after_s=int(_LOADING_S)) from None
        finally:
            loading.cancel()

    def _encode(self, course: Course, codec: Codec, answer: Answer) -> tuple[Headers, bytes]:
        begun = perf_counter()
        headers, content = codec.encode(course.form, answer)
        course.end = perf_counter()
        course.stages = course.decode_s, answer.wait_s, answer.infer_s, course.end - begun
        if self._server_timing:
            headers.append(_timing(*course.stages))
        return headers, content

    def _refusal(self, error: BaseException) -> tuple[int, Headers, bytes]:
        if isinstance(error, OverloadedError):
            error.retry_after_s = max(error.retry_after_s, self._backoff.retry_after_s())
        return refuse(self._protocol, error)

    def _tell(self, scope: Scope, course: Course, outcome: str) -> None:
        state_of(scope)[TOLD] = True
        course.count(self._metrics, outcome)
        if self._access_log is not None:
            course.log(self._access_log, scope, outcome)


class PredictionRoute(BaseRoute):
    """Where each wire protocol takes what is to be predicted, whatever its addresses look like."""

    def __init__(self, endpoints: Mapping[WireProtocol, PredictEndpoint]) -> None:
        self._endpoints = endpoints

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a POST to such an address fully, and another method there in part."""
        protocol = asked_for_predictions(scope["path"]) if scope["type"] == "http" else None
        if protocol is None:
            return Match.NONE, {}
        is_post = scope["method"] == "POST"
        return (Match.FULL if is_post else Match.PARTIAL), {"endpoint": self._endpoints[protocol]}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises HTTPException for another method."""
        if scope["method"] != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        await scope["endpoint"](scope, receive, send)


def _decode_quick(course: Course, found: _Found, body: Body) -> Rows | None:
    """Return the rows, None where there are more than the event loop can run."""
    servable, codec = found.bound
    if not servable.batcher.runs_inline(max(1, codec.least_rows(found.asked, len(body)))):
        return None
    rows = _decode(course, codec, found.asked, body)
    return rows if servable.batcher.runs_inline(len(rows)) else None


def _check_room(bound: Bound[Codec], asked: Asked, body: Body) -> None:
    """Raise OverloadedError before a body is decoded where that costs as much as a small model.

    It waits with those of as many rows as it has for certain.
    """
    if len(body) > _CHEAP_BYTES:
        bound.servable.batcher.check_room(max(1, bound.codec.least_rows(asked, len(body))))


def _decode(course: Course, codec: Codec, asked: Asked, body: Body) -> Rows:
    begun = perf_counter()
    rows, course.form, _, _ = codec.decode(asked, body)
    course.rows = len(rows)
    course.decode_s = perf_counter() - begun
    return rows


def _deadline(course: Course, asked: Asked) -> float | None:
    return None if asked.timeout_ms is None else course.start + asked.timeout_ms / 1e3


async def _answer_unless_gone(
    batcher: Batcher, future: asyncio.Future[Answer], receive: Receive, deadline: float | None
) -> Answer:
    """Await a slow answer; give its place up where the client goes away, or its time is over, before."""
    try:
        return await _unless_gone(future, receive, deadline, "the answer was there")
    finally:
        batcher.give_up(future)


async def _unless_gone(future: asyncio.Future[T], receive: Receive, deadline: float | None, what: str) -> T:
    """Await something slow. Raises ClientDisconnect or ExpiredError where nobody waits for it any more."""
    gone: asyncio.Future[Any] = asyncio.ensure_future(_departure(receive))
    timeout = None if deadline is None else max(0.0, deadline - perf_counter())
    try:
        await asyncio.wait({future, gone}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        if gone.done():
            raise ClientDisconnect
        raise ExpiredError(f"the time that timeout_ms allows was over before {what}")
    finally:
        gone.cancel()


async def _departure(receive: Receive) -> None:
    """Return when the client is gone; never where `receive` cannot tell, as one that repeats the body."""
    with suppress(Exception):
        if (await receive())["type"] == "http.disconnect":
            return
    await asyncio.Event().wait()


def _timing(*stages: float) -> tuple[bytes, bytes]:
    text = ", ".join(f"{name};dur={s * 1e3:.3f}" for name, s in zip(STAGES, stages, strict=True))
    return b"server-timing", text.encode()
