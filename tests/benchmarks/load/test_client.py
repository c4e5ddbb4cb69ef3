"""What a client found counts only where every answer was a success, and the client had time to spare."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.errors import VoidRunError
from benchmarks.load.client import Client, sample_of, unanswered
from benchmarks.load.request import json_request, plain
from benchmarks.subjects.server import Server, service
from bundle.bundle import Bundle
from loadtests.rig.cores import Cores

FINDINGS = {
    "requests": 30000,
    "duration_us": 2000000,
    "p50_us": 61.0,
    "p99_us": 140.5,
    "connect": 0,
    "read": 0,
    "write": 0,
    "status": 0,
    "timeout": 0,
}


def test_a_result_is_read_in_full_precision() -> None:
    sample = sample_of(FINDINGS)
    assert (sample.count, sample.seconds, sample.p50_us, sample.p99_us) == (30000, 2.0, 61.0, 140.5)
    assert sample.per_s == 15000
    assert sample.each_us == pytest.approx(66.67, abs=0.01)


@pytest.mark.parametrize("kind", ["connect", "read", "write", "status", "timeout"])
def test_one_failed_answer_makes_the_run_void_and_is_named(kind: str) -> None:
    with pytest.raises(VoidRunError, match=rf"30000 requests, errors: 7 {kind}$"):
        sample_of(FINDINGS | {kind: 7})


@pytest.mark.parametrize(
    ("kind", "count"), [("connect", 7), ("read", 7), ("write", 7), ("timeout", 7), ("status", 0)]
)
def test_an_answer_of_any_status_is_an_answer(kind: str, count: int) -> None:
    assert unanswered(FINDINGS | {kind: 7}) == count


def test_a_run_without_any_answer_is_void() -> None:
    with pytest.raises(VoidRunError, match="not one request"):
        sample_of(FINDINGS | {"requests": 0})


def test_a_run_in_which_the_client_was_the_limit_is_void() -> None:
    assert sample_of(FINDINGS | {"cpu": 0.9}).load_cpu == 0.9
    with pytest.raises(VoidRunError, match="used 91% of its core"):
        sample_of(FINDINGS | {"cpu": 0.91})


@pytest.fixture(scope="module")
def ours(
    models: Path, bundle: Bundle, bound: Cores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("service") / "log"
    with service(models, bundle.name, ["int8"], log=log, core=bound.server) as server:
        yield server


def test_the_service_is_measured_where_it_answers_and_the_run_is_void_where_it_refuses(
    bundle: Bundle, ours: Server, client: Client
) -> None:
    rows = plain(bundle.golden("int8")[0][:1])
    good = json_request("/predict?variant=int8", {"instances": rows})
    before = ours.process.processor_s()
    sample = client.on(ours.host, good, connections=2, processor_s=ours.process.processor_s)(0.3)
    assert sample.server_s is not None
    assert 0 < sample.server_s <= ours.process.processor_s() - before
    assert client.on(ours.host, good, connections=2)(0.3).server_s is None
    assert sample.count >= 2  # of two connections; how many more is the machine's doing
    assert 0 < sample.p50_us <= sample.p99_us
    ragged = json_request("/predict?variant=int8", {"instances": [rows[0][1:]]})
    with pytest.raises(VoidRunError, match=r"not every answer was 2xx: .* \d+ status"):
        client.on(ours.host, ragged, connections=2)(0.3)
    with client.begun(ours.host, ragged, connections=2, seconds=0.3) as found:
        findings = found()
    assert findings["requests"] == findings["status"] >= 2
    assert unanswered(findings) == 0
