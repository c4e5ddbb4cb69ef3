"""Where predictions are asked for: the pipeline's front for ASGI, for all wire protocols."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from service.http.backoff import FOR_NOW, WAITS, Backoff
from service.http.bodies import Bodies, read_body
from service.observe.access_log import TOLD, outcome_of, state_of
from service.pipeline.exchange import ARRIVED, EXCHANGE, Exchange
from service.pipeline.pipeline import Pipeline
from service.pipeline.waiting import LeftError
from service.routes.place import place
from service.wire.message import Headers
from service.wire.protocols import asked_for_predictions, owner


class PredictEndpoint:
    """Takes requests through the pipeline, or from where the connection has left them.

    It may wait, as a connection may not: for a body, for a variant to be loaded, for a long call.
    """

    def __init__(
        self, pipeline: Pipeline, bodies: Bodies, backoff: Backoff, *, body_timeout_s: float
    ) -> None:
        self._pipeline = pipeline
        self._bodies = bodies
        self._backoff = backoff
        self._body_timeout_s = body_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = state_of(scope)
        state[TOLD] = True  # by the exchange
        front = _Front(self._backoff)
        exchange = self._exchange(scope, state, front)
        try:
            if not exchange.is_over:
                await self._finish(exchange, receive, front)
        except (LeftError, ClientDisconnect):
            exchange.drop(outcome_of(scope, None))
            return
        except asyncio.CancelledError:
            exchange.drop(outcome_of(scope, None))
            raise
        except Exception as error:
            exchange.fail(error)
        status, headers, content = await front.told
        if status in FOR_NOW:
            state[WAITS] = True
        headers = [*headers, (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _exchange(self, scope: Scope, state: dict[str, Any], front: _Front) -> Exchange:
        """Return the exchange that the connection has begun, or a new one."""
        arrived = state.pop(ARRIVED, None) or perf_counter()
        begun: Exchange | None = state.pop(EXCHANGE, None)
        if begun is not None:
            begun.front = front
            return begun
        path = place(scope)
        head = path, scope["query_string"], scope["headers"]
        protocol = asked_for_predictions(path) or owner(path)
        return self._pipeline.ask(front, protocol, head, arrived=arrived, request=scope)

    async def _finish(self, exchange: Exchange, receive: Receive, front: _Front) -> None:
        gone = partial(_departure, receive)
        with self._bodies.under_way() as arriving:
            body, exchange.body = exchange.body, None
            if body is None:
                body = await read_body(
                    receive,
                    exchange.asked.length,
                    arriving,
                    max_bytes=self._pipeline.max_body_bytes,
                    timeout_s=self._body_timeout_s,
                )
            else:
                await receive()  # which has nothing more: what comes next is that the client is gone
                arriving.take(len(body))
            await self._pipeline.prepare(exchange, body, gone)
            del body
        await self._pipeline.run(exchange, front.told, gone)


class PredictionRoute(BaseRoute):
    """Where each wire protocol takes what is to be predicted, whatever its addresses look like."""

    def __init__(self, endpoint: PredictEndpoint) -> None:
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a POST to such an address fully, and another method there in part."""
        if scope["type"] != "http" or asked_for_predictions(place(scope)) is None:
            return Match.NONE, {}
        return (Match.FULL if scope["method"] == "POST" else Match.PARTIAL), {"endpoint": self._endpoint}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises HTTPException for another method."""
        if scope["method"] != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        await self._endpoint(scope, receive, send)


class _Front:
    """Has what came of a request as the result of a future: status, headers but for one, and content."""

    def __init__(self, backoff: Backoff) -> None:
        self.told: asyncio.Future[tuple[int, Headers, bytes]] = asyncio.get_running_loop().create_future()
        self._backoff = backoff

    def answer(self, _: Exchange, headers: Headers, content: bytes, /) -> None:
        """As `service.pipeline.exchange.Front` has it."""
        self._tell(200, headers, content)

    def refuse(self, exchange: Exchange, error: BaseException, /) -> int:
        """As `service.pipeline.exchange.Front` has it."""
        status, headers, content = self._backoff.refusal(exchange.protocol, error)
        self._tell(status, headers, content)
        return status

    def _tell(self, status: int, headers: Headers, content: bytes) -> None:
        if not self.told.done():
            self.told.set_result((status, headers, content))


async def _departure(receive: Receive) -> None:
    """Return when the client is gone; never where `receive` cannot tell, as one that repeats the body."""
    with suppress(Exception):
        if (await receive())["type"] == "http.disconnect":
            return
    await asyncio.Event().wait()
