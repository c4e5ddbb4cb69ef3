from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from loadtests.measure.samples import Samples
from loadtests.measure.summary import summarise_all
from loadtests.rig.ports import free_port
from tests.loadtests.conftest import ROOT, run_module

LOCUSTFILE = ROOT / "loadtests" / "generator" / "locust" / "locustfiles" / "predict.py"


def _locust(host: str, models: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_module(
        "locust",
        *("-f", str(LOCUSTFILE), "--headless", "--only-summary", "--stop-timeout", "20", "--model", "digits"),
        *("--users", "4", "--spawn-rate", "4", "--host", host, "--models", str(models), *arguments),
    )


def test_every_misbehaviour_is_found_and_counted_exactly(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake("--error-every", "20", "--wrong-every", "100", "--stranger-every", "50")
    load = ("--variant", "int8", "--rows", "2", "--think", "0.01", "--run-time", "2s")
    ended = _locust(host, models, *load, "--samples-out", str(tmp_path / "s.npz"))
    assert ended.returncode == 1, ended.stderr
    did = httpx.get(f"{host}/counts").json()
    samples = Samples.load(tmp_path / "s.npz")
    summary = summarise_all(samples)
    assert did["errors"] > 5
    assert did["wrong"] > 0
    assert len(samples) == did["requests"] - 1  # the first was to see whether the service knows the variant
    assert summary.failures == {
        "status 500": did["errors"],
        "the answer is not from variant 'int8'": did["strangers"],
    }
    assert len(samples.wrong_row) == did["wrong"]
    assert samples.correct.sum() == 2 * summary.answers - did["wrong"]
    printed = ended.stdout + ended.stderr
    assert f"{did['errors']} x status 500" in printed
    assert f"{did['strangers']} x the answer is not from variant 'int8'" in printed
    assert summary.accuracy is not None
    assert f"{summary.accuracy.value:.4f}" in printed
    assert f"{summary.p99_ms:.3f}" in printed
    assert len(set(samples.body[:4].tolist())) == 4  # each user starts elsewhere
    assert samples.sent[0] < samples.spawned + 1 < samples.ended
    assert 0 < (summary.generator_cpu or 0) < 1.5


@pytest.mark.slow
def test_a_service_without_fault_is_right_about_every_row(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    load = ("--variant", "int8", "--rows", "40", "--run-time", "2s")
    ended = _locust(start_fake(), models, *load, "--samples-out", str(tmp_path / "s.npz"))
    assert ended.returncode == 0, ended.stderr
    samples = Samples.load(tmp_path / "s.npz")
    summary = summarise_all(samples)
    assert summary.accuracy is not None
    assert summary.accuracy.value == 1.0
    assert summary.accuracy.unique_rows == len(samples.order)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--samples-out", "nowhere/s.npz"), "--samples-out is 'nowhere/s.npz'; give a file in a folder"),
        (("--model-version", "99"), "has no version 99; there are: 1"),
    ],
)
def test_a_mistake_is_one_clear_line_and_no_traceback(
    arguments: tuple[str, ...], complaint: str, models: Path, unused_address: str
) -> None:
    ended = _locust(unused_address, models, "--run-time", "1s", *arguments)
    assert ended.returncode == 2
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "error: " in ended.stderr


@contextmanager
def _page(host: str, models: Path) -> Iterator[httpx.Client]:
    port = free_port()
    command = [
        *(
            sys.executable,
            "-m",
            "locust",
            "-f",
            str(LOCUSTFILE),
            "--web-host",
            "127.0.0.1",
            "--web-port",
            str(port),
        ),
        *("--host", host, "--models", str(models), "--model", "digits", "--variant", "int8"),
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            _until(lambda: _answers(client))
            yield client
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


def _until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)


def _accuracy_rows(client: httpx.Client) -> list[dict[str, str]]:
    (extended,) = client.get("/stats/requests").json()["extended_stats"]
    assert extended["key"] == "accuracy"
    rows: list[dict[str, str]] = extended["data"]
    return rows


def test_the_web_page_tells_of_a_mistake_and_once_it_is_mended_shows_accuracy_while_the_test_runs(
    models: Path, start_fake: Callable[..., str]
) -> None:
    with _page(start_fake("--wrong-every", "10"), models) as client:
        page = client.get("/").text
        assert '"title": "Accuracy"' in page
        assert "Variant to load" in page  # the form explains the options
        assert _accuracy_rows(client) == []

        load = {"user_count": "2", "spawn_rate": "2", "rows": "3", "think": "0.01"}
        client.post("/swarm", data=load | {"variant": "int3"})
        _until(lambda: "has no variant 'int3'" in client.get("/logs").text)
        assert "Traceback" not in client.get("/logs").text
        client.post("/stop")

        client.post("/swarm", data=load | {"variant": "int8"})
        _until(lambda: _accuracy_rows(client) and int(_accuracy_rows(client)[0]["requests"]) > 20)
        (row,) = _accuracy_rows(client)
        assert (row["variant"], row["rows"], row["failures"]) == ("digits/1/int8", "3", "0")
        assert 0.9 < float(row["accuracy"]) < 1
        assert float(row["p50"]) <= float(row["p99"])
        table = client.get("/accuracy/csv")
        assert table.headers["content-type"].startswith("text/csv")
        assert table.text.splitlines()[1].startswith("digits/1/int8,3,")
        client.post("/stop")
        client.post("/stats/reset")
        _until(lambda: _accuracy_rows(client)[0]["requests"] == "0")
