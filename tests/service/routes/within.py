"""The application in a thread of this process, for what needs no process of its own: that takes seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from service.app import create_app
from service.http.protocol import GuardedProtocol
from service.settings import Settings
from tests.patience import PATIENCE_S, wait_until
from tests.running_service import client_of


@contextmanager
def within(
    models: Path, *, ready: bool = True, root_path: str = "", middleware: Any = None, **settings: Any
) -> Iterator[httpx.Client]:
    """Serve a store here; yield a client when a model is loaded, or at once."""
    app = create_app(Settings(models=models, **{"audit": False} | settings))
    if middleware is not None:
        app.add_middleware(middleware)
    with _served(app, root_path) as client:
        if ready:
            wait_until(lambda: client.get("/health/ready").status_code == 200)
        yield client


@contextmanager
def _served(app: FastAPI, root_path: str) -> Iterator[httpx.Client]:
    """Serve an application on a free port, as its users may."""
    config = uvicorn.Config(
        app,
        port=0,
        http=GuardedProtocol,
        ws="none",
        root_path=root_path,
        log_config=None,
        timeout_keep_alive=1000,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        port = server.servers[0].sockets[0].getsockname()[1]
        with client_of(f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
