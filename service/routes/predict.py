"""`POST /predict`: the one hot address, and therefore an ASGI application of its own."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from service.access_log import AccessLog
from service.batcher import Answer, Batcher
from service.codec import encode_json, encode_octets
from service.engine import Engine, Target
from service.errors import (
    STATUS,
    ExpiredError,
    InvalidRequestError,
    RequestError,
    UnsupportedEncodingError,
    problem,
    problem_headers,
    shown,
)
from service.limits import read_body
from service.metrics import STAGES, Metrics
from service.servable import Servable

OCTETS = "application/octet-stream"
_PARAMETERS = ("variant", "model", "version", "timeout_ms")
_TIMEOUT_MS_MAX = 3_600_000.0
_CHEAP_BYTES = 4096

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Query:
    """What a query string says."""

    target: Target
    timeout_ms: float | None


@lru_cache(maxsize=1024)
def parse_query(query: bytes) -> Query:
    """Read `variant=int8&model=NAME&version=N&timeout_ms=MS`.

    Raises InvalidRequestError for any other parameter: a misspelt one would be answered by the wrong variant.
    """
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=16)
    except ValueError as error:
        raise InvalidRequestError("the query has more than 16 parameters") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name not in _PARAMETERS:
            allowed = ", ".join(_PARAMETERS)
            raise InvalidRequestError(f"query parameter {shown(name)} is not known; allowed are {allowed}")
        if name in fields:
            raise InvalidRequestError(f"query parameter {name!r} is given twice")
        if not value:
            raise InvalidRequestError(f"query parameter {name!r} is empty")
        fields[name] = value
    version = fields.get("version")
    if version is not None and not re.fullmatch(r"[0-9]{1,9}", version):
        raise InvalidRequestError(f"version is {shown(version)}; it must be a whole number, as in version=1")
    timeout_ms = fields.get("timeout_ms")
    return Query(
        Target(fields.get("model"), None if version is None else int(version), fields.get("variant")),
        None if timeout_ms is None else parse_timeout(timeout_ms),
    )


def parse_timeout(value: str) -> float:
    """Read a time in milliseconds. Raise InvalidRequestError where it is none."""
    number = float(value) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value) else 0.0
    if not 0 < number <= _TIMEOUT_MS_MAX:
        raise InvalidRequestError(
            f"timeout_ms is {shown(value)}; it must be above 0 and at most {_TIMEOUT_MS_MAX:.0f}"
        )
    return number


@dataclass(slots=True)
class Wants:
    """What a request's headers say, as far as it matters here."""

    length: int | None = None
    octets_in: bool = False
    octets_out: bool = False
    timeout_ms: float | None = None


def parse_headers(raw: Headers) -> Wants:
    """Read the headers. Raise UnsupportedEncodingError for a compressed body."""
    wants = Wants()
    for name, value in raw:
        if name == b"content-length":
            wants.length = int(value)  # the HTTP parser has refused anything else
        elif name == b"content-type":
            wants.octets_in = value.partition(b";")[0].strip().lower() == b"application/octet-stream"
        elif name == b"accept":
            wants.octets_out = b"application/octet-stream" in value.lower()
        elif name == b"x-timeout-ms":
            wants.timeout_ms = parse_timeout(value.decode("latin-1"))
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            given = shown(value.decode("latin-1"))
            raise UnsupportedEncodingError(f"Content-Encoding is {given}; send the body uncompressed")
    return wants


@dataclass(slots=True)
class _Course:
    """How far a request has come, for whoever counts and logs it."""

    start: float
    end: float = 0.0
    servable: Servable | None = None
    rows: int = 0
    stages: tuple[float, float, float, float] | None = None
    """Seconds of decode, wait, infer and encode, of an answered request."""


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
        self.tasks: set[asyncio.Task[None]] = set()
        """The requests in progress, all of them; the protocol lends its own set. Empty where it does not."""
        self._engine = engine
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
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
            status = int(STATUS[type(error)])
            headers = [(name.encode(), value.encode()) for name, value in problem_headers(error).items()]
            content = problem(status, str(error))
        except ClientDisconnect:
            self._note(scope, course, "disconnected")
            return
        except Exception:
            self._note(scope, course, "500")
            raise  # to the application's edge, which logs it and answers
        headers.append((b"content-length", b"%d" % len(content)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        self._note(scope, course, str(status))  # after the answer, which need not wait for it

    async def _answer(self, scope: Scope, receive: Receive, course: _Course) -> tuple[Headers, bytes]:
        wants = parse_headers(scope["headers"])
        body = await read_body(
            receive, wants.length, max_bytes=self._max_body_bytes, timeout_s=self._body_timeout_s
        )
        arrived = perf_counter()
        query = parse_query(scope["query_string"])
        servable = self._engine.loaded(query.target) or await self._engine.load(query.target)
        course.servable = servable
        batcher = servable.batcher
        if len(body) > _CHEAP_BYTES:
            batcher.check_room()  # before decoding, which costs as much as a small model
        decode = servable.read_octets if wants.octets_in else servable.read_json
        rows = decode(body, max_rows=self._max_rows)
        course.rows = len(rows)
        timeout_ms = query.timeout_ms or wants.timeout_ms
        deadline = None if timeout_ms is None else course.start + timeout_ms / 1e3
        decoded = perf_counter()
        if not batcher.runs_inline(course.rows):
            answer = await _answer_unless_gone(batcher, batcher.submit(rows, deadline), receive, deadline)
        elif len(self.tasks) == 1:
            answer = batcher.call_now(rows, deadline)
        else:
            answer = await batcher.submit(rows, deadline)
        inferred = perf_counter()
        if wants.octets_out:
            headers, content = _octets_headers(servable), encode_octets(answer.probabilities)
        else:
            headers = [(b"content-type", b"application/json")]
            content = encode_json(servable.prefix, servable.labels, answer.best, answer.numbers)
        course.end = perf_counter()
        course.stages = decoded - arrived, answer.wait_s, answer.infer_s, course.end - inferred
        if self._server_timing:
            headers.append(_timing(*course.stages))
        return headers, content

    def _note(self, scope: Scope, course: _Course, outcome: str) -> None:
        servable = course.servable
        if servable is not None and course.stages is not None:
            servable.metrics.observe_answer(course.rows, course.end - course.start, *course.stages)
        else:
            target = (servable.model, servable.variant) if servable is not None else ("", "")
            self._metrics.outcome(*target, outcome).inc()
        if self._access_log is not None:
            self._access_log.write(scope, servable, outcome, course.rows, perf_counter() - course.start)


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
