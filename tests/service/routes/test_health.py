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
from tests.running_service import RunningService, running_service
from tests.service.metrics_text import sample, scrape


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


def test_a_service_without_a_model_is_live_and_not_ready(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    with running_service(tmp_path / "models", tmp_path / "log", ready=False) as service:
        assert service.client.get("/health/live").status_code == 200
        response = service.client.get("/health/ready")
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        asked = service.client.head("/health/ready")
        assert (asked.status_code, asked.content) == (503, b"")
        assert service.client.post("/predict", json={"instances": [[1]]}).status_code == 503


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            ("--preload", "int9"),
            "no model is loaded; --preload names 'int9', which no model has; there are: ",
        ),
        (("--default-model", "digit"), "--default-model is 'digit'; there is: digits"),
    ],
    ids=["preload", "default model"],
)
def test_a_name_that_is_not_there_is_told_at_the_start_and_by_readiness(
    digits_alone: Path, tmp_path: Path, option: tuple[str, str], told: str
) -> None:
    with running_service(digits_alone, tmp_path / "log", *option, ready=False) as service:
        service.wait_for_log(f"{option[0]} ")
        ready = service.client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["detail"].startswith(told)
        assert service.log.read_text().count(repr(option[1])) == 1  # and not again with each look


def test_a_name_beside_others_that_is_not_there_is_told_and_no_reason_to_be_idle(
    digits_alone: Path, tmp_path: Path
) -> None:
    with running_service(digits_alone, tmp_path / "log", "--preload", "int8,int9") as service:
        service.wait_for_log("--preload names 'int9', which no model has")
        assert "'int8'" not in service.log.read_text()


def test_a_default_model_that_comes_later_is_ready_then(
    models: Path, digits_alone: Path, tmp_path: Path
) -> None:
    store = tmp_path / "models"
    shutil.copytree(digits_alone, store)
    arguments = ("--default-model", "breast_cancer", "--preload", "int8")
    with running_service(store, tmp_path / "log", *arguments, ready=False) as service:
        service.wait_for_log("--default-model is 'breast_cancer'")
        assert service.client.get("/health/ready").status_code == 503
        shutil.copytree(models / "breast_cancer", store / "breast_cancer")
        service.wait_until_ready()


def flip_a_bit(folder: Path) -> None:
    path = folder / "variants" / "int8.tflite"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def damaged(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service of a sound model, one whose newest version is damaged, and one that has no other."""
    folder = tmp_path_factory.mktemp("damaged")
    store = folder / "models"
    for name in ("breast_cancer/1", "digits/1", "digits/2", "strange/1"):
        shutil.copytree(models / name.split("/")[0].replace("strange", "digits") / "1", store / name)
    flip_a_bit(store / "digits" / "2")
    (store / "strange" / "1" / FILE_NAME).write_text(json.dumps({"schema_version": 99}))
    with running_service(store, folder / "log", "--preload", "int8") as service:
        yield service


def test_a_damaged_version_is_refused_and_an_older_one_serves(damaged: RunningService) -> None:
    url, body = "/predict?model=digits", {"instances": [[0.0] * 64]}
    assert damaged.client.post(f"{url}&variant=int8", json=body).json()["version"] == 1
    refused = damaged.client.post(f"{url}&version=2", json=body)
    assert refused.status_code == 503
    assert "int8.tflite: has sha256" in refused.json()["detail"]
    models = {model["name"]: model for model in damaged.client.get("/models").json()["models"]}
    versions = models["digits"]["versions"]
    assert [version["state"] for version in versions] == ["serving", "refused"]
    assert "int8.tflite" in versions[1]["detail"]
    assert scrape(damaged.client, 'refused_version{model="digits"}') == 2
    assert "refused digits/2" in damaged.log.read_text()


def test_a_model_with_nothing_but_a_damaged_version_leaves_the_others_serving(
    damaged: RunningService,
) -> None:
    good = damaged.client.post("/predict?model=breast_cancer", json={"instances": [[0.0] * 30]})
    assert good.status_code == 200
    bad = damaged.client.post("/predict?model=strange", json={"instances": [[0.0] * 64]})
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
