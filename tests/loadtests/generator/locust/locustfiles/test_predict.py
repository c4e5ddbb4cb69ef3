from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from loadtests.measure.samples import Samples
from loadtests.measure.summary import summarise_all
from loadtests.rig.ports import free_port
from tests.loadtests.conftest import ROOT, counts_of, fake_service, run_module
from tests.patience import PATIENCE_S, wait_until

LOCUSTFILE = ROOT / "loadtests" / "generator" / "locust" / "locustfiles" / "predict.py"


LISTENER = """
from locust import events
from loadtests.generator.locust.locustfiles.predict import *

file = open({file!r}, "w", buffering=1)


@events.request.add_listener
def write(exception, **_):
    file.write(str(exception or "") + "\\n")
"""


def _locust(
    host: str, models: Path, *arguments: str, file: Path = LOCUSTFILE
) -> subprocess.CompletedProcess[str]:
    return run_module(
        "locust",
        *("-f", str(file), "--headless", "--only-summary", "--model", "digits"),
        *("--users", "4", "--spawn-rate", "4", "--host", host, "--models", str(models), *arguments),
    )


@dataclass(frozen=True)
class Told:
    """What was told of two seconds of a service that misbehaves: what it did, and files in a folder."""

    folder: Path
    did: dict[str, int]
    printed: str


@pytest.fixture(scope="module")
def told(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("told")
    load = ("--variant", "int8", "--rows", "2", "--think", "0.01", "--run-time", "2s")
    files = ("--samples-out", str(folder / "s.npz"), "--csv", str(folder / "own"))
    with fake_service(models, "--error-every", "10", "--wrong-every", "30", "--stranger-every", "50") as host:
        ended = _locust(host, models, *load, *files)
        did = counts_of(host)
    assert ended.returncode == 1, ended.stderr
    return Told(folder, did, ended.stdout + ended.stderr)


def test_every_misbehaviour_is_found_and_counted_exactly(told: Told) -> None:
    did = told.did
    samples = Samples.load(told.folder / "s.npz")
    summary = summarise_all(samples)
    assert did["errors"] > 3
    assert did["wrong"] > 0
    assert len(samples) == did["requests"] - 1  # the first was to see whether the service knows the variant
    assert summary.failures == {
        "status 500": did["errors"],
        "the answer is not from variant 'int8'": did["strangers"],
    }
    assert len(samples.wrong_row) == did["wrong"]
    assert samples.correct.sum() == 2 * summary.answers - did["wrong"]
    assert f"{did['errors']} x status 500" in told.printed
    assert f"{did['strangers']} x the answer is not from variant 'int8'" in told.printed
    assert summary.accuracy is not None
    assert f"{summary.accuracy.value:.4f}" in told.printed
    assert f"{summary.p99_ms:.3f}" in told.printed
    assert len(set(samples.body[:4].tolist())) == 4  # each user starts elsewhere
    assert samples.sent[0] < samples.spawned + 1 < samples.ended
    assert 0 < (summary.generator_cpu or 0) < 1.5


def test_locust_counted_every_failure_those_that_only_show_in_an_answer_too_as_they_came(told: Told) -> None:
    did = told.did

    def lines(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader((told.folder / f"own_{name}.csv").read_text().splitlines()))

    failed = did["errors"] + did["strangers"]
    for line in lines("stats"):
        assert (int(line["Request Count"]), int(line["Failure Count"])) == (did["requests"] - 1, failed)
    assert {line["Error"]: int(line["Occurrences"]) for line in lines("failures")} == {
        "status 500": did["errors"],
        "the answer is not from variant 'int8'": did["strangers"],
    }
    counted = [int(line["Total Failure Count"]) for line in lines("stats_history")]
    assert any(0 < count < failed for count in counted)


def test_whoever_listens_to_locusts_requests_is_told_of_each_with_why_it_failed(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake("--error-every", "10", "--stranger-every", "15")
    listener = tmp_path / "listener.py"
    listener.write_text(LISTENER.format(file=str(tmp_path / "told")))
    load = ("--variant", "int8", "--think", "0.01", "--run-time", "1s")
    ended = _locust(host, models, *load, file=listener)
    assert ended.returncode == 1, ended.stderr
    did = counts_of(host)
    assert Counter((tmp_path / "told").read_text().splitlines()) == {
        "": did["requests"] - 1 - did["errors"] - did["strangers"],
        "status 500": did["errors"],
        "the answer is not from variant 'int8'": did["strangers"],
    }


@pytest.mark.parametrize(
    ("protocol", "model", "name"),
    [
        ("oip", "", "/v2/models/digits~int8/infer, rows: 2"),
        pytest.param(*("oip", "/digits?binary", "/v2/models/digits/infer, rows: 2"), marks=pytest.mark.slow),
        ("tfs", "/digits/versions/1", "/v1/models/digits/versions/1:predict, rows: 2"),
    ],
)
def test_servers_of_other_protocols_are_asked_by_locusts_users_too(
    protocol: str, model: str, name: str, models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    host = start_fake("--error-every", "3")  # a busy machine may send few in a second
    load = ("--protocol", protocol, "--variant", "int8", "--rows", "2", "--think", "0.01", "--run-time", "1s")
    files = ("--samples-out", str(tmp_path / "s.npz"), "--csv", str(tmp_path / "own"))
    ended = _locust(f"{host}{model}", models, *load, *files)
    assert ended.returncode == 1, ended.stderr  # as some requests failed
    summary, did = summarise_all(Samples.load(tmp_path / "s.npz")), counts_of(host)
    assert summary.failures == {"status 500": did["errors"]}
    assert summary.accuracy is not None
    assert summary.accuracy.value == 1.0
    lines = csv.DictReader((tmp_path / "own_stats.csv").read_text().splitlines())
    assert {line["Name"] for line in lines} == {name, "Aggregated"}


@pytest.mark.parametrize(
    ("stop_timeout", "late", "failures"),
    [((), 0, {}), (("--stop-timeout", "1"), 1, {"no answer (given up when its user had to leave)": 1})],
)
def test_what_is_out_when_locust_stops_is_finished_or_recorded_as_given_up(
    stop_timeout: tuple[str, ...],
    late: int,
    failures: dict[str, int],
    models: Path,
    start_fake: Callable[..., str],
    tmp_path: Path,
) -> None:
    host = start_fake("--never-answers" if late else "--late-every", "30", "--late-ms", "2000")
    options = ("--variant", "int8", "--think", "0.01", "--run-time", "1s", *stop_timeout)
    ended = _locust(host, models, *options, "--samples-out", str(tmp_path / "s.npz"))
    assert ended.returncode == late, ended.stderr
    samples = Samples.load(tmp_path / "s.npz")
    requests = counts_of(host)["requests"]
    assert len(samples) == requests - 1
    assert summarise_all(samples).failures == failures
    assert (samples.done - samples.scheduled).max() >= (0.5 if late else 2.0)


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
        pytest.param(("--model-version", "99"), "has no version 99; there are: 1", marks=pytest.mark.slow),
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
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
            wait_until(lambda: _answers(client))
            yield client
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


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
        wait_until(lambda: "has no variant 'int3'" in client.get("/logs").text)
        assert "Traceback" not in client.get("/logs").text
        client.post("/stop")

        client.post("/swarm", data=load | {"variant": "int8"})
        wait_until(lambda: _accuracy_rows(client) and int(_accuracy_rows(client)[0]["requests"]) > 20)
        (row,) = _accuracy_rows(client)
        assert (row["variant"], row["rows"], row["failures"]) == ("digits/1/int8", "3", "0")
        assert 0.9 < float(row["accuracy"]) < 1
        assert float(row["p50"]) <= float(row["p99"])
        table = client.get("/accuracy/csv")
        assert table.headers["content-type"].startswith("text/csv")
        assert table.text.splitlines()[1].startswith("digits/1/int8,3,")
        client.post("/stop")
        client.post("/stats/reset")
        wait_until(lambda: _accuracy_rows(client)[0]["requests"] == "0")
