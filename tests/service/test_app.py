"""The application as others put it to use: with middleware, within another, and stopping."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.patience import wait_until
from tests.running_service import RunningService, running_service
from tests.service.connection import Connection, request
from tests.service.metrics_text import scrape, wait_for

ROW = b'{"instances": [[' + b",".join([b"0"] * 64) + b"]]}"
GOOD = request(ROW)
LONG = request(ROW.ljust(200_000))

PROGRAM = """
import sys
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.middleware.base import BaseHTTPMiddleware
from service.app import create_app
from service.http.protocol import GuardedProtocol

class Gate:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and (b"authorization", b"let me in") not in scope["headers"]:
            await PlainTextResponse("who are you?", 401)(scope, receive, send)
        else:
            await self.app(dict(scope), receive, send)

class Based(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        if request.headers.get("authorization") != "let me in":
            return PlainTextResponse("who are you?", 401)
        return await call_next(request)

def closed(app):
    gate = Gate(app)
    async def inner(scope, receive, send):
        await gate(scope, receive, send)
    return inner

app = create_app()
{change}
uvicorn.run(app, http=GuardedProtocol, port=0, ws="none")
"""

CHANGES = {
    "middleware": "app.add_middleware(Gate)",
    "middleware of starlette's": "app.add_middleware(Based)",
    "middleware, where it is built": (
        "build = app.build_middleware_stack\napp.build_middleware_stack = lambda: Gate(build())"
    ),
    "wrapped": "app = Gate(app)",
    "wrapped twice": "app = Gate(Gate(app))",
    "wrapped in a function": "app = closed(app)",
}


ENOUGH = ("middleware of starlette's", "middleware, where it is built", "wrapped in a function")
INSIDE = ("middleware", "middleware of starlette's", "middleware, where it is built")


def changes(*names: str) -> list[Any]:
    return [
        pytest.param(CHANGES[name], id=name, marks=() if name in ENOUGH else pytest.mark.slow)
        for name in names
    ]


@pytest.fixture(scope="module", params=changes(*CHANGES))
def gated(
    request: pytest.FixtureRequest, digits_alone: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service behind a gate that lets in whoever says so."""
    log = tmp_path_factory.mktemp("gated") / "log"
    with gate(request.param, digits_alone, log) as service:
        yield service
    assert "Traceback" not in log.read_text()


@contextmanager
def gate(change: str, models: Path, log: Path) -> Iterator[RunningService]:
    environment = {
        "PRECISION_LADDER__MODELS": str(models),
        "PRECISION_LADDER__PRELOAD": "float32",
        "PRECISION_LADDER__ACCESS_LOG": "true",
        "PRECISION_LADDER__MAX_HEAD_BYTES": "2000",
    }
    program = ("-c", PROGRAM.format(change=change))
    with running_service(models, log, ready=False, environment=environment, program=program) as service:
        service.client.headers["authorization"] = "let me in"
        service.wait_until_ready()
        yield service


@pytest.mark.parametrize("path", ["/predict", "/predict?variant=float32", "/models", "/health/live"])
@pytest.mark.parametrize("connections", [1, 2])
def test_what_stands_before_the_application_sees_every_request(
    gated: RunningService, path: str, connections: int
) -> None:
    method = "POST" if "predict" in path else "GET"
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(ROW)}\r\n".encode()
    others = [Connection(gated.client) for _ in range(connections)]
    for connection in others:
        with connection:
            for _ in range(2):
                connection.send(head + b"\r\n" + ROW)
                assert connection.read().status == 401
                connection.send(head + b"authorization: let me in\r\n\r\n" + ROW)
                assert connection.read().status == 200


def test_behind_what_stands_before_it_a_prediction_is_what_it_is_without(
    gated: RunningService, client: httpx.Client
) -> None:
    told = gated.client.post("/predict?variant=float32", content=ROW).json()
    assert told == client.post("/predict?model=digits&variant=float32", content=ROW).json()
    assert gated.client.post("/predict?variant=nonesuch", content=ROW).status_code == 404
    assert gated.client.post("/predict", content=b"{").status_code == 400
    assert gated.client.get("/predict").status_code == 405


@pytest.mark.parametrize("content", [GOOD, LONG, GOOD + LONG + GOOD])
def test_behind_what_stands_before_it_who_sends_no_more_is_answered(
    gated: RunningService, content: bytes
) -> None:
    with Connection(gated.client) as connection:
        connection.send(content.replace(b"host: x\r\n", b"host: x\r\nauthorization: let me in\r\n"))
        connection.socket.shutdown(socket.SHUT_WR)
        for _ in range(content.count(b"POST")):
            while (answer := connection.read()).status == 100:
                pass  # what follows takes longer
            assert answer.status == 200
        assert connection.is_closed()


def test_behind_what_stands_before_it_heads_are_bounded(gated: RunningService) -> None:
    with Connection(gated.client) as connection:
        connection.send(request(ROW, f"x: {'a' * 2000}") + GOOD)
        assert connection.read().status == 431
        assert connection.is_closed()


@pytest.mark.parametrize("gated", changes(*INSIDE), indirect=True)
def test_what_middleware_answers_is_counted_and_logged_once(gated: RunningService) -> None:
    refused = 'requests_total{model="",outcome="401",variant=""}'
    answered = 'requests_total{model="digits",outcome="200",variant="float32"}'
    before, lines = (scrape(gated.client, refused), scrape(gated.client, answered)), len(logged(gated))
    with gated.new_client() as stranger:
        for _ in range(3):
            assert stranger.post("/predict", content=ROW).status_code == 401
    for _ in range(2):
        assert gated.client.post("/predict", content=ROW).status_code == 200
    assert wait_for(gated.client, refused, lambda count: count >= before[0] + 3) == before[0] + 3
    assert scrape(gated.client, answered) == before[1] + 2
    gated.client.get("/models?last")

    def all_of_them() -> list[dict[str, Any]]:
        new = logged(gated)[lines:]
        return new if new and new[-1]["query"] == "last" else []

    new = wait_until(all_of_them, lambda: logged(gated)[lines:])
    assert [line["outcome"] for line in new if line["path"] == "/predict"] == ["401"] * 3 + ["200"] * 2


def logged(service: RunningService) -> list[dict[str, Any]]:
    """Return what was logged of requests, up to now."""
    return [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]


def test_while_it_drains_each_answer_is_the_last_on_its_connection(
    digits_alone: Path, tmp_path: Path
) -> None:
    environment = {"PRECISION_LADDER__DRAIN_S": "1000", "PRECISION_LADDER__PRELOAD": "float32"}
    asked = [GOOD, GOOD + GOOD, b"GET /models HTTP/1.1\r\nhost: x\r\n\r\n", LONG]
    cut = [  # where requests are that are on their way when it hears
        (question, before)
        for question in asked
        for before in (0, 30, len(GOOD) - 3, 100_000)
        if len(question) > before
    ]
    with running_service(digits_alone, tmp_path / "log", environment=environment) as service:
        connections = [Connection(service.client) for _ in cut]
        for connection, (question, before) in zip(connections, cut, strict=True):
            connection.send(GOOD)
            assert "connection" not in connection.read().headers
            connection.send(question[:before])
        service.process.send_signal(signal.SIGTERM)
        while service.client.get("/health/ready").status_code == 200:
            pass  # until it has heard
        for connection, (question, before) in zip(connections, cut, strict=True):
            with connection:
                rest = question[before:]
                if question == GOOD and len(rest) > 3:
                    connection.send(rest[:-3])
                    service.client.get("/health/live")
                    rest = rest[-3:]
                connection.send(rest)
                answer = connection.read()
                assert answer.status == 200
                assert answer.headers["connection"] == "close"
                assert connection.is_closed()
        service.process.kill()  # which has long to drain yet
