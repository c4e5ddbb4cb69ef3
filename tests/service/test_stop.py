"""Stopping, and being killed: what was accepted is answered, and nobody who listens is turned away."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.running_service import RunningService, running_service
from tests.service.connection import Connection, request
from tests.service.load import OCTETS, Load, load
from tests.service.metrics_text import scrape, wait_for

ROW = bytes(256)
POLL_S = 0.02
BOUND_S = 60.0
COMMON = ("--default-model", "digits", "--preload", "int8", "--reload-s", "0")
ANSWERED = 'requests_total{model="digits",outcome="200",variant="int8"}'


@contextmanager
def balanced(service: RunningService, running: Load) -> Iterator[threading.Event]:
    """Poll readiness as a load balancer does, and stop sending when it says no."""
    done, seen = threading.Event(), threading.Event()

    def poll() -> None:
        with httpx.Client(base_url=service.client.base_url) as client:
            while not done.wait(POLL_S):
                if client.get("/health/ready").status_code != 200:
                    running.stopped.set()
                    seen.set()
                    return

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_under_load_behind_a_client_that_honours_readiness_loses_no_request(
    models: Path, tmp_path: Path, workers: str
) -> None:
    environment = {"SERVICE_DRAIN_S": "1"}
    arguments = (*COMMON, "--workers", workers)
    with (
        running_service(models, tmp_path / "log", *arguments, environment=environment) as service,
        load(service.client, "/predict?variant=int8", ROW, connections=8, headers=OCTETS) as running,
        balanced(service, running) as seen,
    ):
        running.wait_for(200)
        service.process.send_signal(signal.SIGTERM)
        assert seen.wait(BOUND_S)
        running.stop()
        assert service.process.wait(BOUND_S) == 0
        assert running.failures() == []
        assert len(running.samples) > 200
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_what_was_accepted_is_answered_though_it_takes_longer_than_the_drain(
    slow_models: Path, tmp_path: Path
) -> None:
    arguments = ("--threads", "1", "--max-rows", "10000")
    with running_service(slow_models, tmp_path / "log", *arguments) as service:
        with Connection(service.client) as connection:
            octets = "content-type: application/octet-stream"
            connection.send(request(bytes(256 * 4000), octets, query="?variant=int16x8"))
            wait_for(service.client, "waiting_rows", lambda rows: rows == 4000)
            service.process.send_signal(signal.SIGTERM)  # with no time to drain
            answer = connection.read()
            assert answer.status == 200
            assert answer.body.count(b"[") == 4002
        assert service.process.wait(BOUND_S) == 0


def test_while_it_drains_it_is_not_ready_and_answers(models: Path, tmp_path: Path) -> None:
    environment = {"SERVICE_DRAIN_S": "2"}
    with running_service(models, tmp_path / "log", *COMMON, environment=environment) as service:
        service.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + BOUND_S
        while (ready := service.client.get("/health/ready")).status_code == 200:
            assert time.monotonic() < deadline
        assert ready.status_code == 503
        assert ready.json()["detail"] == "the service is stopping"
        assert service.client.get("/health/live").status_code == 200
        assert service.client.post("/predict", content=ROW, headers=OCTETS).status_code == 200
        assert service.process.wait(BOUND_S) == 0


def test_connections_that_do_nothing_do_not_hold_up_the_end(models: Path, tmp_path: Path) -> None:
    with (
        running_service(models, tmp_path / "log", *COMMON) as service,
        Connection(service.client) as idle,
        Connection(service.client) as half,
    ):
        half.send(b"POST /predict HTTP/1.1\r\nhost:")
        assert service.client.get("/health/live").status_code == 200
        assert service.stop() == 0
        assert idle.is_closed()


def workers_of(service: RunningService) -> set[int]:
    """Return the processes that serve, and not multiprocessing's own; a dead one is none."""
    alive = set()
    for child in psutil.Process(service.process.pid).children():
        with suppress(psutil.Error):
            if "spawn_main" in " ".join(child.cmdline()):
                alive.add(child.pid)
    return alive


def test_a_worker_that_is_killed_loses_its_own_requests_only_and_is_replaced(
    models: Path, tmp_path: Path
) -> None:
    connections = 8
    with running_service(models, tmp_path / "log", *COMMON, "--workers", "2") as service:
        deadline = time.monotonic() + BOUND_S
        while scrape(service.client, 'variant_loaded{model="digits",variant="int8"}') != 1 or (
            (tmp_path / "log").read_text().count("Application startup complete") < 2
        ):
            assert time.monotonic() < deadline
            time.sleep(POLL_S)  # between two looks at the condition
        before = workers_of(service)
        assert len(before) == 2
        path = "/predict?variant=int8"
        with load(service.client, path, ROW, connections=connections, headers=OCTETS) as running:
            running.wait_for(200)
            counted = scrape(service.client, ANSWERED)
            os.kill(min(before), signal.SIGKILL)
            while len(workers_of(service) - before) < 1:
                assert time.monotonic() < deadline + BOUND_S
                time.sleep(POLL_S)  # between two looks at the condition
            running.wait_for(200)
            running.stop()
        assert {sample.status for sample in running.samples} <= {0, 200}
        broken = [sample.connection for sample in running.of(0)]
        assert len(broken) == len(set(broken)) <= connections, running.of(0)
        while (tmp_path / "log").read_text().count("Application startup complete") < 3:
            assert time.monotonic() < deadline + 2 * BOUND_S
            time.sleep(POLL_S)  # between two looks at the condition
        after = workers_of(service)
        assert len(after) == 2
        assert len(after & before) == 1
        with httpx.Client(base_url=service.client.base_url) as client:
            assert client.get("/health/ready").status_code == 200
            assert client.post(path, content=ROW, headers=OCTETS).status_code == 200
            # The counts that the dead one handed on are kept; its gauges are not.
            wait_for(client, ANSWERED, lambda count: count >= counted + 200 - connections)
            assert wait_for(client, "waiting_rows", lambda rows: rows == 0) == 0
        assert service.stop() == 0
