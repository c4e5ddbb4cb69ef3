"""How the service lets clients in."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvicorn

from bundle.runtimes.base import BATCH_MAX
from service.http import server
from tests.patience import wait_until
from tests.running_service import running_service
from tests.service.connection import Connection
from tests.service.http.listening import GET
from tests.service.load import OCTETS, load
from tests.service.metrics_text import scrape

COMING = 64
ROWS = BATCH_MAX // 2 + 1  # so that each has a call of its own, of some 20 ms, on the event loop
CALLS = 'inference_seconds_count{model="digits",variant="int16x8"}'


async def nothing(scope: object, receive: object, send: object) -> None:
    """Stand in for an application."""


def test_a_worker_is_not_taken_for_hung_while_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = server._Worker(uvicorn.Config(nothing, lifespan="off", log_config=None), [])
    worker.start()
    number = worker.process.pid
    assert number is not None
    try:
        os.kill(number, signal.SIGSTOP)  # as one that gets no time for its imports
        assert worker.is_alive(timeout=0)
        with monkeypatch.context() as patch:
            patch.setattr(server, "_START_S", 0.0)
            assert not worker.is_alive(timeout=0)
        os.kill(number, signal.SIGCONT)
        wait_until(lambda: worker.is_alive() and worker._has_answered)
        os.kill(number, signal.SIGSTOP)
        assert not worker.is_alive(timeout=0)  # which has answered before, and hangs
    finally:
        worker.kill()
        worker.process.join()


def test_several_are_let_in_between_two_calls_on_the_event_loop(slow_models: Path, tmp_path: Path) -> None:
    arguments = ("--preload", "int16x8", "--inline-us", "1e9")
    path, body = "/predict?variant=int16x8", bytes(256 * ROWS)
    with (
        running_service(slow_models, tmp_path / "log", *arguments) as service,
        load(service.client, path, body, connections=4, headers=OCTETS) as running,
        ExitStack() as stack,
    ):
        running.wait_for(3)
        before = scrape(service.client, CALLS)
        coming = [stack.enter_context(Connection(service.client)) for _ in range(COMING)]
        for connection in coming:
            connection.send(GET)
        for connection in coming:
            assert connection.read().status == 200
        assert scrape(service.client, CALLS) - before < COMING / 2
