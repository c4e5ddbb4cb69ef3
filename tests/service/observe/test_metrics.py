"""What can be seen from outside, and what it costs a client to add to it: nothing."""

from __future__ import annotations

import re

import httpx

from service.observe.metrics import STAGES
from tests.running_service import RunningService
from tests.service.connection import Connection, request
from tests.service.load import OCTETS
from tests.service.metrics_text import sample, scrape

TARGET = '{model="digits",variant="int8"}'


def predict(client: httpx.Client, rows: int, query: str = "?variant=int8") -> httpx.Response:
    return client.post(f"/predict{query}", content=bytes(256 * rows), headers=OCTETS)


def test_every_stage_of_an_answered_request_is_timed(telling: RunningService) -> None:
    before = telling.client.get("/metrics").text
    for _ in range(5):
        predict(telling.client, 100)
    after = telling.client.get("/metrics").text
    spent = 0.0
    for stage in STAGES:
        series = f'stage_seconds_total{{model="digits",stage="{stage}",variant="int8"}}'
        grew = sample(after, series) - sample(before, series)
        assert grew > 0 or stage == "wait", stage  # alone in the worker, it need not wait
        spent += grew
    whole = f"request_seconds_sum{TARGET}"
    assert spent <= sample(after, whole) - sample(before, whole)


def test_the_rows_of_each_call_are_in_a_histogram(telling: RunningService) -> None:
    def buckets() -> dict[str, float]:
        text = telling.client.get("/metrics").text
        labels = 'le="{}",model="digits",variant="int8"'
        return {
            b: sample(text, f"batch_rows_bucket{{{labels.format(b)}}}")
            for b in ("1.0", "4.0", "128.0", "+Inf")
        }

    before = buckets()
    for rows in (1, 3, 100, 300):
        assert predict(telling.client, rows).status_code == 200
    after = buckets()
    assert [after[bound] - before[bound] for bound in before] == [1, 2, 3, 4]


def test_pipelined_or_not_what_is_answered_is_counted_once(telling: RunningService) -> None:
    series = f"rows_total{TARGET}"
    before = scrape(telling.client, series)
    one = request(bytes(256), "content-type: application/octet-stream", query="?variant=int8")
    with Connection(telling.client) as connection:
        connection.send(one * 10)
        assert [connection.read().status for _ in range(10)] == [200] * 10
    assert scrape(telling.client, series) == before + 10


def test_what_serves_is_told_for_each_variant(telling: RunningService) -> None:
    text = telling.client.get("/metrics").text
    assert sample(text, 'model_version{model="digits"}') == 1
    assert sample(text, 'refused_version{model="digits"}') == 0
    assert sample(text, f"variant_loaded{TARGET}") == 1
    assert 'variant_loaded{model="digits",variant="int16x8"} 0.0' in text
    assert sample(text, "waiting_rows") == 0


def test_a_client_cannot_create_time_series(telling: RunningService) -> None:
    def series() -> set[str]:
        lines = telling.client.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}

    for query in ("?variant=x", "?model=x", "?version=99", "?x=x"):
        predict(telling.client, 1, query)
    telling.client.post("/predict", content=b"{")
    telling.client.request("X", "/predict")  # which is not HTTP, and refused before anybody is asked
    before = series()
    for i in range(50):
        for query in (f"?variant=v{i}", f"?model=m{i}", f"?version={i + 2}", f"?p{i}=1"):
            predict(telling.client, 1, query)
        telling.client.get(f"/nowhere/{i}")
        telling.client.request(f"X{i}" if i % 2 else "DELETE", "/predict")
    assert series() == before


def test_server_timing_names_every_stage_where_it_is_set(
    telling: RunningService, client: httpx.Client
) -> None:
    for headers in (OCTETS, OCTETS | {"accept": "application/octet-stream"}):
        told = telling.client.post("/predict", content=bytes(256), headers=headers).headers["server-timing"]
        names = re.findall(r"(\w+);dur=\d+\.\d{3}(?:, |$)", told)
        assert names == list(STAGES)
    assert "server-timing" not in client.post("/predict", content=bytes(256), headers=OCTETS).headers
