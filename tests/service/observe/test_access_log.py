"""One line of JSON a request, for those who want it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.patience import PATIENCE_S, wait_until
from tests.running_service import RunningService, running_service
from tests.service.connection import Connection
from tests.service.load import OCTETS
from tests.service.metrics_text import scrape, wait_for

GONE = 'requests_total{model="",outcome="disconnected",variant=""}'


def send_some(service: RunningService) -> None:
    """Send five requests of five kinds, the last of which goes away before it is whole."""
    client = service.client
    client.post("/predict?variant=int8", content=bytes(512), headers=OCTETS)
    client.post('/predict?variant="%0a\u2028', content=bytes(256), headers=OCTETS)
    client.get("/models")
    client.get("/nowhere%0a")
    with Connection(client) as connection:
        connection.send(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345")


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def lines_after(log: Path, query: str) -> list[dict[str, Any]]:
    lines = lines_of(log)
    return next((lines[number:] for number, line in enumerate(lines, 1) if line["query"] == query), [])


def test_each_request_is_one_line_of_json_where_it_is_set(telling: RunningService) -> None:
    telling.client.get("/models?from_here_on")  # what was asked before may be written only now
    send_some(telling)

    def all_of_them() -> list[dict[str, Any]]:
        lines = lines_after(telling.log, "from_here_on")
        return lines if len(lines) >= 5 else []

    good, unknown, models_line, nowhere, gone = wait_until(all_of_them, telling.log.read_text)
    assert good["path"] == "/predict"
    assert good["query"] == "variant=int8"
    assert (good["model"], good["version"], good["variant"]) == ("digits", 1, "int8")
    assert (good["method"], good["outcome"], good["rows"], good["client"]) == ("POST", "200", 2, "127.0.0.1")
    assert good["ms"] > 0
    assert datetime.fromisoformat(good["time"]).tzinfo is not None
    assert (unknown["outcome"], unknown["model"]) == ("404", None)
    assert (models_line["method"], models_line["path"], models_line["outcome"]) == ("GET", "/models", "200")
    assert nowhere["outcome"] == "404"
    assert gone["outcome"] == "disconnected"


@contextmanager
def logging_to(stdout: int, models: Path, log: Path) -> Iterator[RunningService]:
    arguments = ("--preload", "int8", "--reload-s", "0", "--access-log", "true")
    with running_service(models, log, *arguments, stdout=stdout) as service:
        yield service


def ask_much(client: httpx.Client, bound: int) -> None:
    """Ask until so many lines are not written; every answer is as it should be."""
    for number in range(bound):
        assert client.get(f"/models?{number}&{'x' * 20_000}").status_code == 200
        answer = client.post("/predict?variant=int8", content=bytes(256), headers=OCTETS)
        assert answer.status_code == 200
        if scrape(client, "access_log_dropped_total") > 0:
            return
    raise AssertionError("every line was written")


@pytest.mark.slow
def test_a_pipe_that_nobody_reads_costs_lines_and_holds_up_neither_answers_nor_the_end(
    digits_alone: Path, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    with logging_to(writer, digits_alone, tmp_path / "log") as service:
        os.close(writer)
        ask_much(service.client, 2000)
        assert service.stop() == 0
    with os.fdopen(reader, "rb") as stream:
        lines = stream.read().split(b"\n")
    assert {json.loads(line)["outcome"] for line in lines[:-1]} >= {"200"}  # and none is cut


# The writer itself is tried with a pipe as well.
@pytest.mark.parametrize("broken", ["full disk", pytest.param("dead pipe", marks=pytest.mark.slow)])
def test_what_cannot_be_written_to_costs_lines_and_no_answer(
    digits_alone: Path, tmp_path: Path, broken: str
) -> None:
    if broken == "full disk":
        writer = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, writer = os.pipe()
        os.close(reader)
    with logging_to(writer, digits_alone, tmp_path / "log") as service:
        os.close(writer)
        ask_much(service.client, 100)
        assert service.stop() == 0
    assert "Traceback" not in service.log.read_text()


def test_a_log_that_nobody_reads_holds_up_neither_the_start_nor_answers_nor_the_end(
    digits_alone: Path, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):  # when it is full, before anything is written
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    options = ("--models", str(digits_alone), "--port", port, "--preload", "int8", "--access-log", "true")
    command = [sys.executable, "-m", "service", *options, "--stop-s", "1000"]
    with subprocess.Popen(
        [*command, "--preload", "int8", "--access-log", "true"], stderr=writer, stdout=writer
    ) as process:
        os.close(writer)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
            service = RunningService(process, client, tmp_path / "none")
            service.log.touch()
            service.wait_until_ready()
            answer = client.post("/predict?variant=float32", content=bytes(256), headers=OCTETS)
            assert answer.status_code == 200  # though it had to be loaded
            assert service.stop() == 0
    os.close(reader)


def test_there_is_no_line_where_it_is_not_set(service: RunningService) -> None:
    before = scrape(service.client, GONE)
    send_some(service)
    wait_for(service.client, GONE, lambda count: count > before)
    assert lines_of(service.log) == []
    assert "/predict" not in service.log.read_text()
