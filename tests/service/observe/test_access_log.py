"""One line of JSON a request, for those who want it."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.running_service import RunningService
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
    deadline = time.monotonic() + 60
    while len(lines := lines_after(telling.log, "from_here_on")) < 5:
        assert time.monotonic() < deadline, telling.log.read_text()
        time.sleep(0.02)  # between two looks at the condition
    good, unknown, models_line, nowhere, gone = lines
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


def test_there_is_no_line_where_it_is_not_set(service: RunningService) -> None:
    before = scrape(service.client, GONE)
    send_some(service)
    wait_for(service.client, GONE, lambda count: count > before)
    assert lines_of(service.log) == []
    assert "/predict" not in service.log.read_text()
