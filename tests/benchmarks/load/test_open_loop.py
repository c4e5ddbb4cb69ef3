"""A load test's report is read as figures, and only what is about something else than the service is void."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.errors import ProcessError, VoidRunError
from benchmarks.load.open_loop import Target, at_rate, read, result_of
from tests.loadtests.results import document, measured


def result(**changes: Any) -> dict[str, Any]:
    """Return what a load test reports of one variant, as far as it is read."""
    checks = [check("generator", True), check("answers", False)]
    return {
        "seconds": 2.0,
        "requests_per_s": 300.0,
        "p50_ms": 1.5,
        "p99_ms": 40.0,
        "generator_cpu": 0.3,
        "offered": 1000,
        "failures": {"status 503": 380, "no answer": 1},
        "checks": checks,
    } | changes


def check(name: str, passed: bool | None) -> dict[str, Any]:
    return {"name": name, "passed": passed, "detail": f"The {name}, in figures.", "voids": True}


def test_refusals_and_failures_are_figures_beside_what_was_answered() -> None:
    arrivals = read(result())
    assert (arrivals.count, arrivals.per_s, arrivals.offered) == (600, 300.0, 1000)
    assert (arrivals.refused, arrivals.failed) == (380, 1)
    assert (arrivals.p50_us, arrivals.p99_us, arrivals.load_cpu) == (1500.0, 40_000.0, 0.3)


@pytest.mark.parametrize("name", ["generator", "core", "schedule", "service", "agreement"])
def test_a_load_that_says_nothing_about_the_service_is_void_and_the_reason_told(name: str) -> None:
    with pytest.raises(VoidRunError, match=f"The {name}, in figures."):
        read(result(checks=[check("answers", False), check(name, False)]))


def test_a_load_of_which_nothing_was_answered_is_void() -> None:
    with pytest.raises(VoidRunError, match="not one of 1000 requests was answered"):
        read(result(requests_per_s=0.0, p50_ms=None, p99_ms=None))


def test_what_is_read_is_what_a_report_holds() -> None:
    load = measured("int8", 2, 400.0, p99_ms=3.0, cpu=0.5, failures={"status 503": 2, "no answer": 1})
    report = json.loads(document([load]).as_json())["results"][0]
    arrivals = read(report | {"checks": []})
    assert (arrivals.per_s, arrivals.seconds, arrivals.p99_us, arrivals.load_cpu) == (200, 1.0, 3000.0, 0.5)
    assert (arrivals.offered, arrivals.refused, arrivals.failed) == (report["offered"], 2, 1)
    with pytest.raises(VoidRunError):
        read(report | {"checks": [one | {"name": "core", "passed": False} for one in report["checks"]]})


@pytest.mark.slow
def test_a_request_that_fails_is_counted_and_leaves_the_rest_of_the_load_what_it_is(
    models: Path, start_fake: Callable[..., str], tmp_path: Path
) -> None:
    target = Target(start_fake("--error-every", "20", "--as-model", "int8"), models, "digits", "int8")
    options = ("--rate", "60", "--blocks", "1", "--budget", "1.5")
    found = result_of(target, options, tmp_path / "load")
    # A machine that is busy elsewhere makes a load void, and is no fault of what is tested.
    arrivals = read(found | {"checks": [one for one in found["checks"] if one["name"] == "answers"]})
    assert 45 < arrivals.offered < 140
    assert 0.02 < arrivals.failed / arrivals.offered < 0.1
    assert arrivals.refused == 0
    assert arrivals.per_s == pytest.approx(0.95 * arrivals.offered / arrivals.seconds, rel=0.1)


def test_a_load_test_that_fails_is_an_error_with_its_last_words(
    models: Path, unused_address: str, tmp_path: Path
) -> None:
    target = Target(unused_address, models, "digits", "int8")
    with pytest.raises(ProcessError, match=r"exit code 2:\s+error: no service answers"):
        at_rate(target, 60.0, seconds=1, seed=0, out=tmp_path / "load")
