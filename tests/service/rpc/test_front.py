"""Tests of how gRPC lives with the application."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.middleware.gzip import GZipMiddleware

from service.app import create_app
from service.rpc.server import Limits, Place, Server
from service.settings import Settings
from tests.patience import PATIENCE_S


@pytest.mark.parametrize("middleware", [None, GZipMiddleware])
def test_it_is_said_that_middleware_sees_no_call(
    digits_alone: Path, caplog: pytest.LogCaptureFixture, middleware: Any
) -> None:
    app = create_app(Settings(models=digits_alone, grpc_port=0, preload=("int8",), audit=False))
    if middleware is not None:
        app.add_middleware(middleware)

    async def live() -> None:
        async with app.router.lifespan_context(app):
            pass

    with caplog.at_level("INFO", "service"):
        asyncio.run(live())
    told = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("gRPC is answered on 127.0.0.1:") for line in told)
    assert any("middleware sees no request" in line for line in told) == (middleware is not None)


def test_one_that_is_told_to_stop_before_it_listens_never_does(caplog: pytest.LogCaptureFixture) -> None:
    async def go() -> None:
        limits = Limits(message_bytes=1, head_bytes=1024, handshake_s=1, idle_s=1, calls=1)
        place = Place("127.0.0.1", 0, is_shared=False)
        server = Server([], limits, place, ending=asyncio.Event(), stop_s=PATIENCE_S)
        server.begin_to_stop()
        await server.start()
        await server.stop()

    with caplog.at_level("INFO", "service"):
        asyncio.run(go())
    assert not caplog.records
