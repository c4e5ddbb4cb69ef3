"""What can be seen from outside, and what it costs a client to add to it: nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.observe.metrics import STAGES
from tests.running_service import RunningService, running_service
from tests.service.connection import Connection, request
from tests.service.load import OCTETS
from tests.service.metrics_text import sample, scrape, wait_for

TARGET = '{model="digits",variant="int8"}'


@pytest.fixture(scope="module")
def service(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("metrics") / "log"
    arguments = ("--default-model", "digits", "--preload", "int8,float32", "--server-timing", "true")
    with running_service(models, log, *arguments) as service:
        yield service


def predict(client: httpx.Client, rows: int, query: str = "?variant=int8") -> httpx.Response:
    return client.post(f"/predict{query}", content=bytes(256 * rows), headers=OCTETS)


def test_every_stage_of_an_answered_request_is_timed(service: RunningService) -> None:
    before = service.client.get("/metrics").text
    for _ in range(5):
        predict(service.client, 100)
    after = service.client.get("/metrics").text
    spent = 0.0
    for stage in STAGES:
        series = f'stage_seconds_total{{model="digits",stage="{stage}",variant="int8"}}'
        grew = sample(after, series) - sample(before, series)
        assert grew > 0 or stage == "wait", stage  # alone in the worker, it need not wait
        spent += grew
    whole = f"request_seconds_sum{TARGET}"
    assert spent <= sample(after, whole) - sample(before, whole)


def test_the_rows_of_each_call_are_in_a_histogram(service: RunningService) -> None:
    def buckets() -> dict[str, float]:
        text = service.client.get("/metrics").text
        labels = 'le="{}",model="digits",variant="int8"'
        return {
            b: sample(text, f"batch_rows_bucket{{{labels.format(b)}}}")
            for b in ("1.0", "4.0", "128.0", "+Inf")
        }

    before = buckets()
    for rows in (1, 3, 100, 300):
        assert predict(service.client, rows).status_code == 200
    after = buckets()
    assert [after[bound] - before[bound] for bound in before] == [1, 2, 3, 4]


def test_pipelined_or_not_what_is_answered_is_counted_once(service: RunningService) -> None:
    series = f"rows_total{TARGET}"
    before = scrape(service.client, series)
    one = request(bytes(256), "content-type: application/octet-stream", query="?variant=int8")
    with Connection(service.client) as connection:
        connection.send(one * 10)
        assert [connection.read().status for _ in range(10)] == [200] * 10
    assert scrape(service.client, series) == before + 10


def test_what_serves_is_told_for_each_variant(service: RunningService) -> None:
    text = service.client.get("/metrics").text
    assert sample(text, 'model_version{model="digits"}') == 1
    assert sample(text, 'refused_version{model="digits"}') == 0
    assert sample(text, f"variant_loaded{TARGET}") == 1
    assert 'variant_loaded{model="digits",variant="int16x8"} 0.0' in text
    assert sample(text, "waiting_rows") == 0


def test_a_client_cannot_create_time_series(service: RunningService) -> None:
    def series() -> set[str]:
        lines = service.client.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}

    for query in ("?variant=x", "?model=x", "?version=99", "?x=x"):
        predict(service.client, 1, query)
    service.client.post("/predict", content=b"{")
    before = series()
    for i in range(50):
        for query in (f"?variant=v{i}", f"?model=m{i}", f"?version={i + 2}", f"?p{i}=1"):
            predict(service.client, 1, query)
        service.client.get(f"/nowhere/{i}")
        service.client.request(f"X{i}" if i % 2 else "DELETE", "/predict")
    assert series() == before


def test_server_timing_names_every_stage_where_it_is_set(
    service: RunningService, client: httpx.Client
) -> None:
    for headers in (OCTETS, OCTETS | {"accept": "application/octet-stream"}):
        told = service.client.post("/predict", content=bytes(256), headers=headers).headers["server-timing"]
        names = re.findall(r"(\w+);dur=\d+\.\d{3}(?:, |$)", told)
        assert names == list(STAGES)
    assert "server-timing" not in client.post("/predict", content=bytes(256), headers=OCTETS).headers


def test_waiting_rows_are_summed_over_workers_whoever_answers(slow_models: Path, tmp_path: Path) -> None:
    rows, waiters = 8000, 3
    bounds = ("--max-rows", str(rows), "--max-waiting-rows", "100000", "--max-wait-ms", "100000")
    arguments = ("--workers", "2", "--threads", "1", *bounds)
    with running_service(slow_models, tmp_path / "log", *arguments) as service:
        deadline = time.monotonic() + 60
        while (tmp_path / "log").read_text().count("Application startup complete") < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)  # between two looks at the condition
        octets = "content-type: application/octet-stream"
        body = request(bytes(256 * rows), octets, query="?variant=int16x8")
        connections = [Connection(service.client) for _ in range(waiters)]
        for connection in connections:
            connection.send(body)
        # One worker alone answers this client, whichever has the rows.
        wait_for(service.client, "waiting_rows", lambda waiting: waiting == waiters * rows)
        assert [connection.read().status for connection in connections] == [200] * waiters
        for connection in connections:
            connection.close()
        wait_for(service.client, "waiting_rows", lambda waiting: waiting == 0)
        labels = '{model="digits",variant="int16x8"}'
        wait_for(service.client, f"rows_total{labels}", lambda counted: counted == waiters * rows)
        assert scrape(service.client, f"inference_seconds_count{labels}") == waiters
        assert service.stop() == 0
