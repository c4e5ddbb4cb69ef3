from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from loadtests.system.metrics import Metrics

TEXT = """\
# HELP inference_seconds Time inside the runtime.
# TYPE inference_seconds histogram
inference_seconds_bucket{model="digits",variant="int8",le="+Inf"} 3
inference_seconds_sum{model="digits",variant="int8"} 0.75
inference_seconds_count{model="digits",variant="int8"} 3
inference_seconds_count{model="digits",variant="int8",worker="2"} 9
# TYPE stage_seconds_total counter
stage_seconds_total{model="digits",stage="decode",variant="int8"} 1.5
stage_seconds_total{model="digits",stage="infer",variant="int8"} 2.5e-1
stage_seconds_total{model="digits",stage="infer",variant="float32"} 4
stage_seconds_total{model="digits",variant="int8"} 5
model_version{host="a",model="digits"} 2 1700000000000
"""
INT8 = {"model": "digits", "variant": "int8"}


def test_a_sample_is_found_by_its_name_and_all_its_labels() -> None:
    metrics = Metrics.of(TEXT)
    assert metrics.value("inference_seconds_sum", INT8) == 0.75
    assert metrics.value("inference_seconds_count", INT8) == 3
    assert metrics.value("inference_seconds_count", INT8 | {"variant": "float32"}) is None
    assert metrics.value("inference_seconds", INT8) is None


def test_labels_that_nobody_asked_for_may_be_passed_over() -> None:
    metrics = Metrics.of(TEXT)
    assert metrics.among("model_version", {"model": "digits"}) == 2
    assert metrics.value("model_version", {"model": "digits"}) is None
    assert metrics.among("model_version", {"model": "other"}) is None


def test_samples_are_told_apart_by_one_more_label() -> None:
    assert Metrics.of(TEXT).by("stage", "stage_seconds_total", INT8) == {"decode": 1.5, "infer": 0.25}


def test_what_the_library_writes_is_read_with_labels_of_any_text() -> None:
    registry, odd = CollectorRegistry(), 'a "b", {c}\\d\ne'
    Counter("stage_seconds", "Time.", ["stage"], registry=registry).labels(odd).inc(2)
    Histogram("inference_seconds", "Time.", ["model"], registry=registry).labels(odd).observe(0.5)
    metrics = Metrics.of(generate_latest(registry).decode())
    assert metrics.by("stage", "stage_seconds_total", {}) == {odd: 2.0}
    assert metrics.value("inference_seconds_sum", {"model": odd}) == 0.5
    assert (metrics.value("stage_seconds_created", {"stage": odd}) or 0) > 1e9


@pytest.mark.parametrize(
    "text",
    [
        "<html><body>not found</body></html>",
        '{"metrics": []}',
        "not a sample",
        f"{TEXT}half{{a=",
        f"{TEXT}number nonsense\n",
        "\x00\x1f\x8b",
    ],
)
def test_a_text_that_is_something_else_says_nothing(text: str) -> None:
    assert Metrics.of(text).value("inference_seconds_count", INT8) is None


@given(st.integers(0, len(TEXT)), st.text(max_size=8), st.integers(0, 8))
def test_no_text_whatsoever_is_a_reason_to_fail(place: int, put: str, cut: int) -> None:
    Metrics.of(TEXT[:place] + put + TEXT[place + cut :])
