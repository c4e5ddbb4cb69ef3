"""Live, ready and measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bundle.manifest import FILE_NAME
from service.wire import native
from service.wire.protocols import owner
from tests.patience import wait_until
from tests.service.metrics_text import sample, scrape
from tests.service.routes.test_open_inference import refused
from tests.service.routes.within import within


def test_a_service_with_a_model_is_live_and_ready(client: httpx.Client) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}


def test_head_is_answered_wherever_get_is_but_where_a_protocol_knows_none(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    described = [path for path, of in paths.items() if "get" in of and owner(path) is native]
    assert {"/health/live", "/health/ready", "/metrics", "/models", "/variants"} <= set(described)
    for path in [*described, "/docs", "/openapi.json"]:
        got, asked = client.get(path), client.head(path)
        assert (got.status_code, got.content != b"") == (200, True), path
        assert (asked.status_code, asked.content) == (200, b""), path
        assert asked.headers["content-type"] == got.headers["content-type"]
        assert "head" not in paths.get(path, {})
    assert client.head("/v2").status_code == 405


def test_what_is_neither_get_nor_head_is_told_both(client: httpx.Client) -> None:
    response = client.post("/health/live")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert client.head("/predict").headers["allow"] == "POST"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service without a model."""
    with within(tmp_path_factory.mktemp("empty"), ready=False) as client:
        yield client


def test_a_service_without_a_model_is_live_and_not_ready(empty: httpx.Client) -> None:
    assert empty.get("/health/live").status_code == 200
    response = empty.get("/health/ready")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    asked = empty.head("/health/ready")
    assert (asked.status_code, asked.content) == (503, b"")
    assert empty.post("/predict", json={"instances": [[1]]}).status_code == 503


def test_the_open_inference_protocol_tells_both_apart(empty: httpx.Client) -> None:
    live, ready = (empty.get(f"/v2/health/{state}") for state in ("live", "ready"))
    assert (live.status_code, live.json()) == (200, {"live": True, "ready": False})
    assert "model" in refused(ready, 503)
    assert ready.json()["ready"] is False


def test_a_name_that_is_not_there_is_told_by_readiness(digits_alone: Path) -> None:
    with within(digits_alone, ready=False, default_model="digit", preload=("int8",)) as client:
        said = wait_until(lambda: told if (told := unready(client)).startswith("--default") else None)
    assert said == "--default-model is 'digit'; there is: digits"


def unready(client: httpx.Client) -> str:
    """Return what the service lacks, as it tells."""
    response = client.get("/health/ready")
    assert response.status_code == 503
    return str(response.json()["detail"])


def flip_a_bit(folder: Path) -> None:
    path = folder / "variants" / "int8.tflite"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def damaged(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service of a sound model, one whose newest version is damaged, and one that has no other."""
    store = tmp_path_factory.mktemp("damaged")
    for name in ("breast_cancer/1", "digits/1", "digits/2", "strange/1"):
        shutil.copytree(models / name.split("/")[0].replace("strange", "digits") / "1", store / name)
    flip_a_bit(store / "digits" / "2")
    (store / "strange" / "1" / FILE_NAME).write_text(json.dumps({"schema_version": 99}))
    with within(store, preload=("int8",)) as client:
        wait_until(lambda: scrape(client, 'refused_version{model="strange"}') == 1)
        yield client


def test_a_damaged_version_is_refused_and_an_older_one_serves(damaged: httpx.Client) -> None:
    url, body = "/predict?model=digits", {"instances": [[0.0] * 64]}
    assert damaged.post(f"{url}&variant=int8", json=body).json()["version"] == 1
    refused = damaged.post(f"{url}&version=2", json=body)
    assert refused.status_code == 503
    assert "int8.tflite: has sha256" in refused.json()["detail"]
    models = {model["name"]: model for model in damaged.get("/models").json()["models"]}
    versions = models["digits"]["versions"]
    assert [version["state"] for version in versions] == ["serving", "refused"]
    assert "int8.tflite" in versions[1]["detail"]
    assert scrape(damaged, 'refused_version{model="digits"}') == 2


def test_a_model_with_nothing_but_a_damaged_version_leaves_the_others_serving(damaged: httpx.Client) -> None:
    good = damaged.post("/predict?model=breast_cancer", json={"instances": [[0.0] * 30]})
    assert good.status_code == 200
    bad = damaged.post("/predict?model=strange", json={"instances": [[0.0] * 64]})
    assert bad.status_code == 503
    assert "schema version 99; this release reads 1" in bad.json()["detail"]


def test_requests_are_counted_by_what_was_answered(client: httpx.Client) -> None:
    before = client.get("/metrics").text
    for _ in range(3):
        client.post("/predict?variant=int8", json={"instances": [[0.0] * 64] * 2})
    client.post("/predict?variant=int8", content=b"{")
    client.post("/predict?variant=nonesuch", json={"instances": [[0.0] * 64]})
    after = client.get("/metrics").text

    def grew(series: str) -> float:
        return sample(after, series) - sample(before, series)

    target = '{model="digits",variant="int8"}'
    assert grew('requests_total{model="digits",outcome="200",variant="int8"}') == 3
    assert grew('requests_total{model="digits",outcome="400",variant="int8"}') == 1
    assert grew('requests_total{model="",outcome="404",variant=""}') == 1
    assert grew(f"rows_total{target}") == 6
    assert grew(f"inference_seconds_count{target}") == 3
    assert 0 < grew(f"inference_seconds_sum{target}") <= grew(f"request_seconds_sum{target}")
    assert "nonesuch" not in after  # a client cannot create time series
