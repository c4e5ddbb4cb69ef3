"""The two fronts, the connection and ASGI: a request is the same on both, whatever it is."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.patience import wait_until
from tests.running_service import RunningService, running_service
from tests.service.connection import CHUNKED, Connection, request
from tests.service.metrics_text import samples

PROGRAM = """
import uvicorn
from service.app import create_app
from service.http.protocol import GuardedProtocol

class Passing:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

app = create_app()
app.add_middleware(Passing)
uvicorn.run(app, http=GuardedProtocol, port=0, ws="none", server_header=False, access_log=False)
"""
ROW = json.dumps({"instances": [[0.5] * 64]}).encode()
ROWS = json.dumps({"instances": [[0.5] * 64, [1.5] * 64]}).encode()
OCTETS = "content-type: application/octet-stream"
COUNTED = {"requests_total", "rows_total", "request_seconds_count", "batch_rows_sum", "batch_rows_count"}


class Fronts(NamedTuple):
    """Two services, that differ in which front their requests come by."""

    connection: RunningService
    asgi: RunningService


@pytest.fixture(scope="module")
def fronts(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fronts]:
    folder = tmp_path_factory.mktemp("fronts")
    environment = {
        "PRECISION_LADDER__MODELS": str(digits_alone),
        "PRECISION_LADDER__PRELOAD": "float32,int8,int16x8",
        "PRECISION_LADDER__ACCESS_LOG": "true",
        "PRECISION_LADDER__MAX_ROWS": "200",
        "PRECISION_LADDER__MAX_BODY_BYTES": "100000",
    }
    with (
        running_service(digits_alone, folder / "connection", environment=environment) as one,
        _by_asgi(digits_alone, folder / "asgi", environment) as other,
    ):
        yield Fronts(one, other)


@contextmanager
def _by_asgi(models: Path, log: Path, environment: dict[str, str]) -> Iterator[RunningService]:
    program = ("-c", PROGRAM)
    with running_service(models, log, ready=False, environment=environment, program=program) as service:
        service.wait_until_ready()
        yield service


REQUESTS = {
    "a row": request(ROW),
    "rows": request(ROWS, query="?variant=int8"),
    "octets": request(bytes(256), OCTETS, "accept: application/octet-stream", query="?model=digits"),
    "octets to JSON": request(bytes(512), OCTETS),
    "many rows": request(bytes(256 * 200), OCTETS, query="?variant=int16x8"),
    "in chunks": CHUNKED + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(ROW), ROW),
    "a long body": request(ROW.ljust(99_000)),
    "time enough": request(ROW, "x-timeout-ms: 60000"),
    "no time": request(ROW, query="?timeout_ms=0.0001"),
    "a bad time": request(ROW, "x-timeout-ms: soon"),
    "an unknown parameter": request(ROW, query="?varient=int8"),
    "an unknown variant": request(ROW, query="?variant=nonesuch"),
    "an unknown model": request(ROW, query="?model=nonesuch"),
    "an unknown version": request(ROW, query="?version=7"),
    "no JSON": request(b"{"),
    "no body": request(b""),
    "no rows": request(b'{"instances": []}'),
    "too few numbers": request(b'{"instances": [[1, 2]]}'),
    "no numbers": request(b'{"instances": [["a"]]}'),
    "not finite": request(b'{"instances": [[NaN]]}'),
    "half a row": request(bytes(100), OCTETS),
    "too many rows": request(bytes(256 * 201), OCTETS),
    "too long": request(bytes(100_001), OCTETS),
    "compressed": request(gzip.compress(ROW), "content-encoding: gzip"),
    "compressed otherwise": request(ROW, "content-encoding: br"),
    "an address in per cent": request(ROW).replace(b"/predict", b"/%70redict"),
    "OIP": request(
        b'{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 64], "data": %b}]}'
        % json.dumps([0.5] * 64).encode()
    ).replace(b"/predict", b"/v2/models/digits~int8/infer"),
    "OIP, wrong": request(b'{"inputs": []}').replace(b"/predict", b"/v2/models/digits/infer"),
    "OIP, unknown": request(ROW).replace(b"/predict", b"/v2/models/nonesuch/infer"),
    "TFS": request(ROW).replace(b"/predict", b"/v1/models/digits:predict"),
    "TFS, wrong": request(b"{").replace(b"/predict", b"/v1/models/digits:predict"),
    "TFS, compressed": request(gzip.compress(ROW), "content-encoding: gzip").replace(
        b"/predict", b"/v1/models/digits:predict"
    ),
    "TFS, unknown": request(ROW).replace(b"/predict", b"/v1/models/nonesuch:predict"),
}


@pytest.mark.parametrize("content", REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_answered_counted_and_logged_alike_on_both(fronts: Fronts, content: bytes) -> None:
    one, other = (seen_twice(service, content) for service in fronts)
    assert one == other
    assert sum(value for (name, _), value in one.counted.items() if name == "requests_total") == 2
    assert [line["outcome"] for line in one.lines] == [str(answer[0]) for answer in one.answers]


@pytest.mark.parametrize("whole", [ROW, bytes(256 * 200)], ids=["a row", "many rows"])
def test_the_time_that_is_given_runs_from_the_head_on(fronts: Fronts, whole: bytes) -> None:
    octets = [OCTETS] if whole != ROW else []
    content = request(whole, *octets, query="?variant=int16x8&timeout_ms=200")
    for service in fronts:
        with Connection(service.client) as connection:
            connection.send(content[: -len(whole)])
            begun = time.monotonic()
            while time.monotonic() < begun + 0.3:
                assert service.client.get("/health/live").status_code == 200
            connection.send(whole)
            assert connection.read().status == 504


class Seen(NamedTuple):
    """What came of a request that was sent twice."""

    answers: list[tuple[int, dict[str, str], bytes]]
    counted: dict[tuple[str, frozenset[tuple[str, str]]], float]
    lines: list[dict[str, Any]]


def seen_twice(service: RunningService, content: bytes) -> Seen:
    """Send a request, and again when its head is known."""
    before, lines = counts(service), len(logged(service))
    answers = []
    with Connection(service.client) as connection:
        for _ in range(2):
            connection.send(content)
            status, headers, body = connection.read()
            answers.append((status, {n: v for n, v in headers.items() if n != "date"}, body))
    new = wait_until(lambda: logged(service)[lines:] if len(logged(service)) >= lines + 2 else [])
    counted = {series: value - before.get(series, 0.0) for series, value in counts(service).items()}
    return Seen(answers, {series: value for series, value in counted.items() if value}, new)


def counts(service: RunningService) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    found = samples(service.client.get("/metrics").text)
    return {series: value for series, value in found.items() if series[0] in COUNTED}


def logged(service: RunningService) -> list[dict[str, Any]]:
    """Return the lines of requests for predictions, but for what differs with each."""
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    kept = [line for line in lines if line["method"] == "POST"]
    return [{name: value for name, value in line.items() if name not in ("time", "ms")} for line in kept]
