"""A request for what is not loaded yet waits as long as it said; loading goes on for others."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from starlette.types import Message

from bundle.bundle import Bundle
from service.http.backoff import Backoff
from service.http.bodies import Bodies
from service.pipeline.pipeline import Pipeline
from service.pipeline.telemetry import Telemetry
from service.routes.predict import PredictEndpoint
from tests.patience import PATIENCE_S
from tests.service.repository.deployed import Deployed, deployed, until

BODY = bytes(256)


async def post(
    endpoint: PredictEndpoint, query: str, *, gone: asyncio.Event | None = None, repeats: int = 1
) -> tuple[int, dict[str, Any]] | None:
    """Send a row; return the status and the fields of the answer, None where the client goes away first."""
    sent: list[Message] = []
    messages = iter([{"type": "http.request", "body": BODY, "more_body": False}] * repeats)

    async def receive() -> Message:
        message = next(messages, None)
        if message is None:
            await (gone or asyncio.Event()).wait()
        return message or {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"256")]
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": headers}
    await endpoint({**scope, "query_string": query.encode()}, receive, send)
    return (sent[0]["status"], json.loads(sent[1]["body"])) if sent else None


Body = Callable[[Deployed, PredictEndpoint, Bodies, threading.Event], Coroutine[Any, Any, None]]


def run(digits: Bundle, root: Path, body: Body) -> None:
    """Run `body` with a model whose float16 cannot be loaded until the event is set."""
    may_go_on = threading.Event()

    def before_load(_: Bundle, variant: str) -> None:
        assert variant != "float16" or may_go_on.wait(PATIENCE_S)

    async def go() -> None:
        async with deployed(root, before_load=before_load) as there:
            there.bring(digits, "m", 1)
            await there.look()
            telemetry = Telemetry(there.metrics, None, server_timing=False)
            pipeline = Pipeline(there.registry, telemetry, max_rows=10, max_body_bytes=1000)
            bodies = Bodies(2 * len(BODY))
            endpoint = PredictEndpoint(pipeline, bodies, Backoff(), body_timeout_s=60.0)
            await body(there, endpoint, bodies, may_go_on)

    asyncio.run(go())


def test_a_time_out_bounds_loading_which_goes_on_for_others(digits: Bundle, tmp_path: Path) -> None:
    async def body(
        there: Deployed, endpoint: PredictEndpoint, bodies: Bodies, may_go_on: threading.Event
    ) -> None:
        for _ in range(3):
            answer = await post(endpoint, "variant=float16&timeout_ms=5")
            assert answer is not None
            status, fields = answer
            assert status == 504
            assert (
                fields["detail"] == "the time that the request allows was over before the variant was loaded"
            )
        assert bodies.reserve(len(BODY))  # no body is held any more
        bodies.give_back(len(BODY))
        patient = asyncio.create_task(post(endpoint, "variant=float16"))
        may_go_on.set()
        answer = await patient
        assert answer is not None
        assert answer[0] == 200
        assert len(there.loads) == 2  # int8, and float16 once

    run(digits, tmp_path, body)


def test_who_goes_away_while_a_variant_is_loaded_holds_nothing(digits: Bundle, tmp_path: Path) -> None:
    async def body(
        there: Deployed, endpoint: PredictEndpoint, bodies: Bodies, may_go_on: threading.Event
    ) -> None:
        gone = asyncio.Event()
        asking = asyncio.create_task(post(endpoint, "variant=float16", gone=gone))
        await until(lambda: not asking.done())
        gone.set()
        assert await asking is None
        assert bodies.reserve(len(BODY))
        assert there.metric('requests_total{model="",outcome="disconnected",variant=""}') == 1
        may_go_on.set()

    run(digits, tmp_path, body)


def test_behind_one_that_repeats_the_body_nobody_is_taken_for_gone(digits: Bundle, tmp_path: Path) -> None:
    async def body(
        there: Deployed, endpoint: PredictEndpoint, bodies: Bodies, may_go_on: threading.Event
    ) -> None:
        may_go_on.set()
        answer = await post(endpoint, "variant=float16", repeats=2)
        assert answer is not None
        assert answer[0] == 200

    run(digits, tmp_path, body)
