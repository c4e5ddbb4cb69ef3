"""Stopping, and being killed: what was accepted is answered, and nobody who listens is turned away."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.patience import PATIENCE_S, wait_until
from tests.running_service import RunningService, running_service
from tests.service.conftest import Hold
from tests.service.connection import CHUNKED, Connection, request
from tests.service.load import OCTETS, Load, load
from tests.service.metrics_text import wait_for

ROW = bytes(256)
POLL_S = 0.02
DRAIN_S = 5
STOP_S = 1000  # far beyond what the end may take that does not wait for it, and what a test waits
# Of two, each stops as one does alone; how they are stopped together others below see, at the same cost.
ONE_WORKER_AT_FIRST = pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
COMMON = ("--preload", "int8", "--reload-s", "0", "--head-timeout-s", "300", "--idle-timeout-s", "300")


@contextmanager
def balanced(service: RunningService, running: Load) -> Iterator[threading.Event]:
    """Poll readiness as a load balancer does, and stop sending when it says no."""
    done, seen = threading.Event(), threading.Event()

    def poll() -> None:
        with service.new_client() as client:
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


@dataclass(frozen=True)
class Ending:
    """What was seen of a service that was told to stop, by several who asked it something just then."""

    code: int
    seconds: float
    samples: Load
    ready: httpx.Response
    live: httpx.Response
    answer: httpx.Response
    log: str


@pytest.fixture(scope="module", params=["1", "2"], ids=["one worker", "two workers"])
def ending(
    request: pytest.FixtureRequest, digits_alone: Path, tmp_path_factory: pytest.TempPathFactory
) -> Ending:
    """Stop a service under load, with one client that says nothing and one that stops in the middle."""
    log = tmp_path_factory.mktemp("ending") / "log"
    environment = {"PRECISION_LADDER__DRAIN_S": str(DRAIN_S)}
    arguments = (*COMMON, "--workers", request.param, "--stop-s", str(STOP_S))
    with (
        running_service(digits_alone, log, *arguments, environment=environment) as service,
        Connection(service.client),
        Connection(service.client) as half,
        load(service.client, "/predict?variant=int8", ROW, connections=8, headers=OCTETS) as running,
        balanced(service, running) as seen,
    ):
        half.send(b"POST /predict HTTP/1.1\r\nhost:")
        running.wait_for(200)
        start = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert seen.wait(PATIENCE_S)
        running.stop()
        while (ready := service.client.get("/health/ready")).status_code == 200:
            assert time.monotonic() < start + PATIENCE_S
        live = service.client.get("/health/live")
        answer = service.client.post("/predict", content=ROW, headers=OCTETS)
        code = service.process.wait(PATIENCE_S)
        seconds = time.monotonic() - start
        return Ending(code, seconds, running, ready, live, answer, log.read_text())


def test_a_stop_under_load_ends_with_0_and_nothing_to_complain_of(ending: Ending) -> None:
    assert ending.code == 0
    assert "Traceback" not in ending.log


def test_a_client_that_honours_readiness_loses_no_request_to_a_stop(ending: Ending) -> None:
    assert ending.samples.failures() == []
    assert len(ending.samples.samples) > 200


def test_while_it_drains_it_is_not_ready_and_answers(ending: Ending) -> None:
    assert ending.ready.status_code == 503
    assert ending.ready.json()["detail"] == "the service is stopping"
    assert ending.live.status_code == 200
    assert ending.answer.status_code == 200


def test_connections_that_do_nothing_do_not_hold_up_the_end(ending: Ending) -> None:
    assert DRAIN_S <= ending.seconds < PATIENCE_S < STOP_S


@pytest.mark.parametrize(
    "reached",
    [
        " logging\n",
        *(pytest.param(reached, marks=pytest.mark.slow) for reached in (" pydantic\n", " uvicorn\n")),
        " fastapi\n",
        pytest.param("Started server", marks=pytest.mark.slow),
        "Waiting for application startup",
    ],
)
def test_who_is_told_to_stop_while_it_starts_ends_with_0(digits_alone: Path, reached: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "service", "--models", str(digits_alone)]
    with subprocess.Popen([*command, "--port", "0"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(reached in line for line in process.stderr)
        process.terminate()
        log = process.stderr.read()
        assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in log


@ONE_WORKER_AT_FIRST
def test_a_model_that_is_being_loaded_does_not_hold_up_the_end(
    digits_alone: Path, tmp_path: Path, hold: Hold, workers: str
) -> None:
    hold.begin()
    arguments = (*COMMON, "--workers", workers, "--stop-s", str(STOP_S))
    with running_service(
        digits_alone, tmp_path / "log", *arguments, ready=False, environment=hold.environment
    ) as service:
        service.wait_for_log("Application startup complete", int(workers))
        service.wait_until_live()
        assert service.client.get("/health/ready").status_code == 503
        assert service.stop() == 0
    assert "Traceback" not in service.log.read_text()


def test_a_call_that_hangs_does_not_hold_up_the_end(digits_alone: Path, tmp_path: Path) -> None:
    patched = tmp_path / "hanging.py"
    patched.write_text(
        "import runpy, sys, time\n"
        "from service.engine import batcher\n"
        "batcher.run = lambda *_: time.sleep(1e6)\n"
        "runpy.run_module('service', run_name='__main__', alter_sys=True)\n"
    )
    arguments = (*COMMON, "--inline-us", "0", "--stop-s", "1")
    with (
        running_service(digits_alone, tmp_path / "log", *arguments, program=(str(patched),)) as service,
        Connection(service.client) as connection,
    ):
        connection.send(request(ROW, "content-type: application/octet-stream", query="?variant=int8"))
        wait_for(service.client, "waiting_rows", lambda rows: rows == 1)
        assert service.stop() == 0


@pytest.mark.slow
def test_a_worker_that_is_stopped_does_not_hold_up_the_end(digits_alone: Path, tmp_path: Path) -> None:
    arguments = (*COMMON, "--workers", "2", "--stop-s", "1")
    with running_service(digits_alone, tmp_path / "log", *arguments) as service:
        service.wait_for_log("digits/1 serves", 2)
        number = re.search(r"Started server process \[(\d+)\]", service.log.read_text())
        assert number is not None
        worker = psutil.Process(int(number[1]))
        worker.suspend()
        assert service.stop() == 0
        assert not worker.is_running()


def test_what_was_accepted_is_answered_though_it_takes_longer_than_the_drain(
    slow_models: Path, tmp_path: Path, call_hold: Hold
) -> None:
    arguments = ("--preload", "int16x8", "--threads", "1", "--max-rows", "10000", "--stop-s", str(STOP_S))
    with running_service(
        slow_models, tmp_path / "log", *arguments, environment=call_hold.environment
    ) as service:
        with Connection(service.client) as connection:
            with call_hold.of_calls():
                octets = "content-type: application/octet-stream"
                connection.send(request(bytes(256 * 4000), octets, query="?variant=int16x8"))
                wait_for(service.client, "waiting_rows", lambda rows: rows == 4000)
                service.process.send_signal(signal.SIGTERM)  # with no time to drain
                service.wait_for_log("stopping in 0 s")
            answer = connection.read()
            assert answer.status == 200
            assert answer.body.count(b"[") == 4002
        assert service.process.wait(PATIENCE_S) == 0


GOOD = request(ROW, "content-type: application/octet-stream", query="?variant=int8")
CLIENTS = 32


def ask_until_refused(client: httpx.Client, think_s: float, seen: list[str]) -> None:
    """Ask again and again, on a connection for as long as it is kept, and note what comes of each."""
    while True:
        state = "new"
        try:
            with Connection(client) as connection:
                while state != "closed":
                    time.sleep(think_s)  # as a client that has other things to do
                    connection.send(GOOD)
                    answer = connection.read()
                    seen.append(str(answer.status))
                    state = "closed" if answer.headers.get("connection") == "close" else "kept"
        except ConnectionRefusedError:
            seen.append("refused")
            return
        except OSError as error:
            seen.append(f"{error!r} on a connection that was {state}")


@pytest.mark.parametrize("workers", [pytest.param("1", marks=pytest.mark.slow), "2"])
def test_a_client_that_keeps_connections_is_answered_until_it_is_refused(
    digits_alone: Path, tmp_path: Path, workers: str
) -> None:
    seen: list[str] = []
    arguments, environment = (*COMMON, "--workers", workers), {"PRECISION_LADDER__DRAIN_S": "1"}
    with running_service(digits_alone, tmp_path / "log", *arguments, environment=environment) as service:
        thinking = [max(0, number - CLIENTS // 2) * 0.02 for number in range(CLIENTS)]
        clients = [
            threading.Thread(target=ask_until_refused, args=(service.client, think_s, seen))
            for think_s in thinking
        ]
        for one in clients:
            one.start()
        wait_until(lambda: len(seen) >= 20 * CLIENTS)
        assert service.stop() == 0
        for one in clients:
            one.join()
    counts = Counter(seen)
    assert counts.pop("200") >= 20 * CLIENTS
    assert counts.pop("refused") == CLIENTS
    # One may come in the very moment between the last look for such and the close.
    assert counts.total() <= 2, counts
    assert not any("kept" in one for one in counts), counts


def test_who_has_connected_is_answered_though_nobody_had_the_time_to_see_it(
    digits_alone: Path, tmp_path: Path
) -> None:
    with running_service(digits_alone, tmp_path / "log", *COMMON) as service, ExitStack() as stack:
        process = psutil.Process(service.process.pid)
        process.suspend()
        connections = [stack.enter_context(Connection(service.client)) for _ in range(4 * CLIENTS)]
        for connection in connections:
            connection.send(GOOD)
        process.terminate()
        process.resume()
        answers = [connection.read() for connection in connections]
        assert {(answer.status, answer.headers["connection"]) for answer in answers} == {(200, "close")}
        assert service.process.wait(PATIENCE_S) == 0


HALF = {
    "of a line": b"POST /pre",
    "of a head": b"POST /predict HTTP/1.1\r\nhost:",
    "a head": request(bytes(1000))[:-1000],
    "of a short body": request(bytes(1000))[:-1],
    "of a long body": request(bytes(1_000_000))[:-1],
    "of a body in chunks": CHUNKED + b"\r\n5\r\nab",
    "of another": GOOD + b"POST /predict HTTP/1.1\r\nhost:",
}


@ONE_WORKER_AT_FIRST
def test_a_request_that_stays_half_sent_is_refused_soon_and_holds_up_the_end_no_longer(
    digits_alone: Path, tmp_path: Path, workers: str
) -> None:
    options = ("--workers", workers, "--stop-s", str(STOP_S), "--body-timeout-s", str(STOP_S))
    lines = tmp_path / "lines"
    with (
        lines.open("wb") as stdout,
        running_service(
            digits_alone, tmp_path / "log", *COMMON, *options, "--access-log", "true", stdout=stdout.fileno()
        ) as service,
        ExitStack() as stack,
    ):
        connections = [stack.enter_context(Connection(service.client)) for _ in HALF]
        for connection, half in zip(connections, HALF.values(), strict=True):
            connection.send(half)
        assert connections[-1].read().status == 200
        service.process.send_signal(signal.SIGTERM)
        for connection in connections:
            answer = connection.read()
            assert (answer.status, answer.headers["connection"]) == (503, "close")
            assert "stopping" in answer.detail
            assert connection.rest() == b""
        assert service.process.wait(PATIENCE_S) == 0
    outcomes = Counter(json.loads(line)["outcome"] for line in lines.read_text().splitlines())
    assert outcomes["503"] - not_ready(lines) == len(HALF)
    assert outcomes["disconnected"] == 0


def not_ready(lines: Path) -> int:
    """Return how often readiness was asked for before the service was ready."""
    told = [json.loads(line) for line in lines.read_text().splitlines()]
    return sum(line["path"] == "/health/ready" and line["outcome"] == "503" for line in told)


def test_a_last_answer_that_is_taken_slowly_is_waited_for(digits_alone: Path, tmp_path: Path) -> None:
    rows = 40_000  # whose answer is more than the kernel holds for a client that does not read
    options = ("--max-rows", str(rows), "--stop-s", str(STOP_S))
    with (
        running_service(digits_alone, tmp_path / "log", *COMMON, *options) as service,
        Connection(service.client) as connection,
    ):
        octets = "content-type: application/octet-stream"
        connection.send(request(bytes(256 * rows), octets, "connection: close", query="?variant=int8"))
        answered = 'requests_total{model="digits",outcome="200",variant="int8"}'
        wait_for(service.client, answered, lambda count: count == 1)
        service.process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            service.process.wait(2)
        answer = connection.read()
        assert len(answer.body) == int(answer.headers["content-length"])
        assert service.process.wait(PATIENCE_S) == 0
