"""Several workers are one service to whoever looks at it from outside."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from tests.patience import wait_until
from tests.running_service import RunningService, running_service
from tests.service.conftest import Hold, hold_in
from tests.service.connection import Connection, request
from tests.service.load import OCTETS, load
from tests.service.metrics_text import scrape, wait_for

SLOW = "?variant=int16x8"
LABELS = '{model="digits",variant="int16x8"}'
ANSWERED = 'requests_total{model="digits",outcome="200",variant="int16x8"}'
MANY = 3000  # rows, for a call of some 450 ms
THINK_S = 0.005  # of each client; what is tested here is not speed
STARTING, STARTED = "Waiting for application startup", "Application startup complete"


@pytest.fixture(scope="module")
def pair_hold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hold]:
    """What holds up whoever begins to load a model in `pair`."""
    hold = hold_in(tmp_path_factory.mktemp("pair-hold"))
    yield hold
    hold.file.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def pair(
    slow_models: Path, pair_hold: Hold, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningService]:
    """A service of two workers with a lane each, in which everyone may wait."""
    bounds = ("--max-rows", str(MANY), "--max-waiting-rows", "100000", "--max-wait-ms", "100000")
    arguments = ("--workers", "2", "--threads", "1", "--preload", "int16x8", "--reload-s", "0", *bounds)
    log = tmp_path_factory.mktemp("pair") / "log"
    with running_service(slow_models, log, *arguments, environment=pair_hold.environment) as service:
        service.wait_for_log("digits/1 serves", 2)
        yield service
        assert service.stop() == 0


def octets(rows: int) -> bytes:
    return request(bytes(256 * rows), "content-type: application/octet-stream", query=SLOW)


def test_counts_are_summed_over_workers(pair: RunningService) -> None:
    series = f"rows_total{LABELS}"
    before = scrape(pair.client, series)
    for _ in range(40):
        with Connection(pair.client) as connection:  # for either worker to take
            connection.send(octets(1))
            assert connection.read().status == 200
    # A worker hands on its counts after a moment.
    assert wait_for(pair.client, series, lambda rows: rows >= before + 40) == before + 40


def test_any_worker_takes_the_label_of_an_answer_and_none_takes_it_again(pair: RunningService) -> None:
    def say(name: str) -> int:
        with pair.new_client() as client:  # for either worker to take
            return client.post("/feedback", json={"id": name, "label": 3}).status_code

    names = []
    for _ in range(12):
        with pair.new_client() as client:
            answer = client.post(f"/predict{SLOW}&ids=true", content=bytes(256), headers=OCTETS)
            names.append(answer.headers["x-prediction-id"])
    assert [say(name) for name in names] == [200] * len(names)
    assert {say(name) for name in names * 3} == {409}
    trials = f'feedback_accuracy_trials{LABELS[:-1]},version="1"}}'
    wait_for(pair.client, trials, lambda counted: counted == len(names))
    (shown,) = pair.client.get("/variants").json()["feedback"]
    assert shown["trials"] == len(names)


def test_it_is_told_how_many_workers_are_ready(pair: RunningService) -> None:
    assert wait_for(pair.client, "ready_workers", lambda ready: ready == 2) == 2


def test_waiting_rows_are_summed_over_workers_whoever_answers(pair: RunningService, pair_hold: Hold) -> None:
    waiters = 3
    rows, calls = f"rows_total{LABELS}", f"inference_seconds_count{LABELS}"
    before = scrape(pair.client, rows), scrape(pair.client, calls)
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(pair.client)) for _ in range(waiters)]
        with pair_hold.of_calls():
            for connection in connections:
                connection.send(octets(MANY))
            # One worker alone answers this client, whichever has the rows.
            wait_for(pair.client, "waiting_rows", lambda waiting: waiting == waiters * MANY)
        assert [connection.read().status for connection in connections] == [200] * waiters
    wait_for(pair.client, "waiting_rows", lambda waiting: waiting == 0)
    wait_for(pair.client, rows, lambda counted: counted == before[0] + waiters * MANY)
    assert scrape(pair.client, calls) == before[1] + waiters


def test_while_models_load_every_worker_lives_and_what_is_asked_waits_for_them(
    digits_alone: Path, tmp_path: Path, hold: Hold
) -> None:
    hold.begin()
    arguments = ("--workers", "2", "--preload", "int8", "--reload-s", "0")
    with running_service(
        digits_alone, tmp_path / "log", *arguments, ready=False, environment=hold.environment
    ) as service:
        service.wait_for_log(STARTED, 2)
        service.wait_until_live()
        for _ in range(20):
            with service.new_client() as client:
                assert client.get("/health/live").status_code == 200
                ready = client.get("/health/ready")
                assert (ready.status_code, ready.json()["detail"]) == (503, "models are being loaded")
        late = service.client.post("/predict?timeout_ms=100", content=bytes(256), headers=OCTETS)
        assert late.status_code == 504
        with ExitStack() as stack:
            connections = [stack.enter_context(Connection(service.client)) for _ in range(20)]
            for connection in connections:
                connection.send(request(bytes(256), "content-type: application/octet-stream"))
            hold.end()
            assert {connection.read().status for connection in connections} == {200}
        assert service.stop() == 0


def test_a_worker_that_loads_leaves_all_requests_to_the_one_that_is_ready(
    pair: RunningService, pair_hold: Hold
) -> None:
    started, starting = (pair.log.read_text().count(text) for text in (STARTED, STARTING))
    pair_hold.begin()
    try:
        os.kill(min(workers_of(pair)), signal.SIGKILL)
        pair.wait_for_log(STARTING, starting + 1)
        for _ in range(20):
            with pair.new_client() as client:
                assert client.get("/health/ready").status_code == 200
                assert client.post(f"/predict{SLOW}", content=bytes(256), headers=OCTETS).status_code == 200
        assert pair.log.read_text().count(STARTED) == started
    finally:
        pair_hold.end()
    pair.wait_for_log(STARTED, started + 1)


@pytest.mark.slow
def test_a_worker_whose_models_came_after_its_start_is_ready_to_the_others_too(
    digits_alone: Path, tmp_path: Path, hold: Hold
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    arguments = ("--workers", "2", "--preload", "int8", "--reload-s", "0.1")
    with running_service(
        models, tmp_path / "log", *arguments, ready=False, environment=hold.environment
    ) as service:
        service.wait_for_log(STARTED, 2)
        shutil.copytree(digits_alone, models, dirs_exist_ok=True)
        service.wait_for_log("digits/1 serves", 2)
        hold.begin()
        os.kill(min(workers_of(service)), signal.SIGKILL)
        service.wait_for_log(STARTING, 3)
        for _ in range(20):
            with service.new_client() as client:
                assert client.get("/health/ready").status_code == 200
        assert service.log.read_text().count(STARTED) == 2
        hold.end()
        service.wait_for_log(STARTED, 3)
        assert service.stop() == 0


def workers_of(service: RunningService) -> set[int]:
    """Return the processes that serve, and not multiprocessing's own; a dead one is none."""
    alive = set()
    for child in psutil.Process(service.process.pid).children():
        with suppress(psutil.Error):
            if "spawn_main" in " ".join(child.cmdline()):
                alive.add(child.pid)
    return alive


def test_a_worker_that_is_killed_loses_its_own_requests_only_and_is_replaced(pair: RunningService) -> None:
    connections, path = 8, f"/predict{SLOW}"
    started = pair.log.read_text().count(STARTED)
    before = workers_of(pair)
    assert len(before) == 2
    with load(
        pair.client, path, bytes(256), connections=connections, headers=OCTETS, think_s=THINK_S
    ) as running:
        running.wait_for(200)
        counted = scrape(pair.client, ANSWERED)
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: workers_of(pair) - before)
        running.wait_for(200)
        running.stop()
    assert {sample.status for sample in running.samples} <= {0, 200}
    broken = [sample.connection for sample in running.of(0)]
    assert len(broken) == len(set(broken)) <= connections, running.of(0)
    pair.wait_for_log(STARTED, started + 1)
    after = workers_of(pair)
    assert len(after) == 2
    assert len(after & before) == 1
    with pair.new_client() as client:
        assert client.get("/health/ready").status_code == 200
        assert client.post(path, content=bytes(256), headers=OCTETS).status_code == 200
        # The counts that the dead one handed on are kept; its gauges are not.
        wait_for(client, ANSWERED, lambda count: count >= counted + 200 - connections)
        assert wait_for(client, "waiting_rows", lambda rows: rows == 0) == 0
