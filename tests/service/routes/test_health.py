"""Live, ready and measured."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from bundle.manifest import FILE_NAME
from tests.running_service import running_service
from tests.service.metrics_text import sample


def test_a_service_with_a_model_is_live_and_ready(client: httpx.Client) -> None:
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "ready"}


def test_a_service_without_a_model_is_live_and_not_ready(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    with running_service(tmp_path / "models", tmp_path / "log", ready=False) as service:
        assert service.client.get("/health/live").status_code == 200
        response = service.client.get("/health/ready")
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert service.client.post("/predict", json={"instances": [[1]]}).status_code == 503


def flip_a_bit(folder: Path) -> None:
    path = folder / "variants" / "int8.tflite"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)


def test_a_damaged_version_is_refused_and_an_older_one_serves(models: Path, tmp_path: Path) -> None:
    for version in ("1", "2"):
        shutil.copytree(models / "digits" / "1", tmp_path / "models" / "digits" / version)
    flip_a_bit(tmp_path / "models" / "digits" / "2")
    with running_service(tmp_path / "models", tmp_path / "log", "--preload", "int8") as service:
        answer = service.client.post("/predict?variant=int8", json={"instances": [[0.0] * 64]}).json()
        assert answer["version"] == 1
        refused = service.client.post("/predict?version=2", json={"instances": [[0.0] * 64]})
        assert refused.status_code == 503
        assert "int8.tflite: has sha256" in refused.json()["detail"]
        versions = service.client.get("/models").json()["models"][0]["versions"]
        assert [version["state"] for version in versions] == ["serving", "refused"]
        assert "int8.tflite" in versions[1]["detail"]
        metrics = service.client.get("/metrics").text
        assert sample(metrics, 'refused_version{model="digits"}') == 2
    assert "refused digits/2" in (tmp_path / "log").read_text()


def test_a_model_with_nothing_but_a_damaged_version_leaves_the_others_serving(
    models: Path, tmp_path: Path
) -> None:
    for name in ("digits", "breast_cancer"):
        shutil.copytree(models / name, tmp_path / "models" / name)
    (tmp_path / "models" / "digits" / "1" / FILE_NAME).write_text(json.dumps({"schema_version": 99}))
    with running_service(tmp_path / "models", tmp_path / "log", "--preload", "int8") as service:
        good = service.client.post("/predict?model=breast_cancer", json={"instances": [[0.0] * 30]})
        assert good.status_code == 200
        bad = service.client.post("/predict?model=digits", json={"instances": [[0.0] * 64]})
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


def test_counts_are_summed_over_workers(models: Path, tmp_path: Path) -> None:
    arguments = ("--workers", "2", "--default-model", "digits", "--preload", "int8")
    with running_service(models, tmp_path / "log", *arguments) as service:
        for _ in range(40):  # each on a connection of its own, for either worker to take
            httpx.post(f"{service.client.base_url}/predict?variant=int8", json={"instances": [[0.0] * 64]})
        series = 'rows_total{model="digits",variant="int8"}'
        deadline = time.monotonic() + 10  # a worker hands on its counts after a moment
        while sample(service.client.get("/metrics").text, series) < 40 and time.monotonic() < deadline:
            pass
        assert sample(service.client.get("/metrics").text, series) == 40
        assert service.stop() == 0


def test_health_is_answered_while_the_slowest_variant_is_busy(models: Path, tmp_path: Path) -> None:
    arguments = (
        "--default-model",
        "digits",
        "--preload",
        "int16x8",
        "--max-rows",
        "40000",
        "--inline-us",
        "0",
    )
    with running_service(models, tmp_path / "log", *arguments) as service:
        body = json.dumps({"instances": [[0.0] * 64] * 40_000}).encode()
        done = threading.Event()

        def predict() -> None:
            answer = httpx.post(
                f"{service.client.base_url}/predict?variant=int16x8", content=body, timeout=60
            )
            assert answer.status_code == 200
            done.set()

        thread = threading.Thread(target=predict)
        thread.start()
        answered = 0
        while not done.is_set() and thread.is_alive():
            assert service.client.get("/health/live").status_code == 200
            answered += 1
        thread.join()
        assert done.is_set()
        assert answered > 3  # more than the pauses for decoding and encoding let through


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_that_is_told_to_stop_exits_with_0(models: Path, tmp_path: Path, workers: str) -> None:
    with running_service(models, tmp_path / "log", "--preload", "int8", "--workers", workers) as service:
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(30) == 0
