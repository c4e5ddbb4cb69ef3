"""wrk's findings are read as numbers, and a run with a failed answer counts for nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.cores import Cores
from benchmarks.errors import BenchmarkError, VoidRunError
from benchmarks.load import wrk
from benchmarks.load.request import json_request, plain
from benchmarks.subjects.server import service
from bundle.store import Bundle

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


def output(**changes: int) -> str:
    """Return what wrk prints with our script."""
    return (
        "Running 2s test @ http://127.0.0.1:1/predict\n"
        "  30000 requests in 2.00s, 4.00MB read\n"
        f"wrk-result {json.dumps(FINDINGS | changes)}\n"
    )


def test_a_result_is_read_in_full_precision() -> None:
    sample = wrk.parse(output())
    assert (sample.count, sample.seconds, sample.p50_us, sample.p99_us) == (30000, 2.0, 61.0, 140.5)
    assert sample.per_s == 15000
    assert sample.each_us == pytest.approx(66.67, abs=0.01)


@pytest.mark.parametrize("kind", ["connect", "read", "write", "status", "timeout"])
def test_one_failed_answer_makes_the_run_void_and_is_named(kind: str) -> None:
    with pytest.raises(VoidRunError, match=rf"30000 requests, errors: 7 {kind}$"):
        wrk.parse(output(**{kind: 7}))


def test_a_run_without_any_answer_is_void() -> None:
    with pytest.raises(VoidRunError, match="not one request"):
        wrk.parse(output(requests=0))


def test_output_without_a_result_is_an_error_that_shows_it() -> None:
    with pytest.raises(BenchmarkError, match="unable to connect"):
        wrk.parse("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_the_error_says_how_to_get_wrk_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BenchmarkError, match="apt-get install wrk"):
        wrk.find()


@pytest.mark.usefixtures("_wrk")
def test_the_service_is_measured_where_it_answers_and_the_run_is_void_where_it_refuses(
    models: Path, bundle: Bundle, two_cores: Cores, tmp_path: Path
) -> None:
    rows = plain(bundle.golden("int8")[0][:1])
    with service(models, bundle.name, ["int8"], log=tmp_path / "log", cores=two_cores) as server:
        good = json_request("/predict?variant=int8", {"instances": rows})
        sample = server.under(good, connections=2)(1)
        assert sample.count > 50
        assert 0 < sample.p50_us <= sample.p99_us
        ragged = json_request("/predict?variant=int8", {"instances": [rows[0][1:]]})
        with pytest.raises(VoidRunError, match=r"not every answer was 2xx: .* \d+ status"):
            server.under(ragged, connections=2)(1)
