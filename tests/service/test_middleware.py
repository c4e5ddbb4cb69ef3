"""Middleware that people really add, after the application is there: every prediction passes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_service import RunningService, running_service
from tests.service.connection import Connection, request

PROGRAM = """
import uvicorn
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from service.app import create_app
from service.http.protocol import GuardedProtocol

class Token(AuthenticationBackend):
    async def authenticate(self, connection):
        if connection.url.path.startswith("/health"):
            return None
        if connection.headers.get("authorization") != "Bearer mine":
            raise AuthenticationError("a token is needed")
        return AuthCredentials(["predict"]), SimpleUser("me")

app = create_app()
app.add_middleware(AuthenticationMiddleware, backend=Token())
app.add_middleware(CORSMiddleware, allow_origins=["http://here"])
uvicorn.run(app, http=GuardedProtocol, port=0, ws="none")
"""
ROW = json.dumps({"instances": [[0.0] * 64]}).encode()
TENSOR = {"name": "x", "datatype": "FP32", "shape": [1, 64], "data": [0.0] * 64}
PREDICTIONS = {
    "/predict": ROW,
    "/predict?variant=float32": ROW,
    "/v2/models/digits/infer": json.dumps({"inputs": [TENSOR]}).encode(),
}


@pytest.fixture(scope="module")
def watched(digits_alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("watched") / "log"
    environment = {"PRECISION_LADDER__PRELOAD": "float32", "PRECISION_LADDER__MODELS": str(digits_alone)}
    program = ("-c", PROGRAM)
    with running_service(digits_alone, log, ready=False, environment=environment, program=program) as service:
        service.wait_until_ready()
        yield service


@pytest.mark.parametrize(("path", "body"), PREDICTIONS.items())
def test_no_prediction_goes_round_authentication_and_cors(
    watched: RunningService, path: str, body: bytes
) -> None:
    stranger = request(body, "origin: http://here").replace(b"/predict", path.encode())
    known = request(body, "origin: http://here", "authorization: Bearer mine").replace(
        b"/predict", path.encode()
    )
    with Connection(watched.client) as connection, Connection(watched.client) as other:
        for asks in (connection, other, connection):  # alone or not, and with a head that came before
            asks.send(stranger)
            refused = asks.read()
            asks.send(known)
            answered = asks.read()
            assert (refused.status, answered.status) == (400, 200), answered.body
            assert refused.body == b"a token is needed"
            assert answered.headers["access-control-allow-origin"] == "http://here"
