from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evidence.estimate import Estimate
from loadtests.errors import LoadTestError
from loadtests.judge.bounds import Bounds
from loadtests.judge.document import Document, read
from loadtests.measure.latency import Latency
from tests.loadtests.results import changed, complete, document, measured

SPEEDS = {"float32": 1000.0, "int8": 2000.0}
SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"


def test_what_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    report = document(complete(), Bounds(p99_ms=20, min_accuracy=0.9))
    (tmp_path / "report.json").write_text(report.as_json())
    assert read(tmp_path) == report
    assert read(tmp_path / "report.json") == report


def test_a_ratio_of_one_block_has_null_for_its_ends_and_tells_nothing_apart(tmp_path: Path) -> None:
    report = document([measured(name, rows_per_s=speed, scatter=(1.0,)) for name, speed in SPEEDS.items()])
    (tmp_path / "report.json").write_text(report.as_json())
    contrast = json.loads(report.as_json())["results"][1]["against_reference"]
    assert contrast["throughput"] == {"value": pytest.approx(2.0), "low": None, "high": None}
    assert list(contrast["accuracy"]) == ["value", "low", "high", "rows"]
    again = read(tmp_path)
    assert again == report
    assert again.results[1].against_reference is not None
    assert again.results[1].against_reference.throughput == Estimate.unbounded(2.0)


def test_a_p99_of_few_answers_has_null_for_its_upper_end_and_is_read_as_unbounded(tmp_path: Path) -> None:
    few = changed(measured("float32"), latency=Latency.of(np.full(120, 0.004)))
    report = document([few])
    (tmp_path / "report.json").write_text(report.as_json())
    written = json.loads(report.as_json())["results"][0]["latency"]["p99_ms"]
    assert written == {"value": 4.0, "low": 4.0, "high": None}
    assert read(tmp_path) == report


@pytest.mark.parametrize(
    ("ratio", "complaint"),
    [
        ({"value": 1, "low": 2, "high": 3}, "does not lie between"),
        ({"value": 1, "low": 1}, "high: Field required"),
        ({"value": None, "low": 1, "high": 1}, "value: Input should be a valid number"),
        ({"value": 1, "low": 1, "high": 1, "width": 0}, "width: Unexpected keyword argument"),
        ([1, 2, 3], "throughput: Input should be"),
    ],
)
def test_what_is_no_ratio_is_refused(tmp_path: Path, ratio: object, complaint: str) -> None:
    data = json.loads(document([measured(name) for name in SPEEDS]).as_json())
    data["results"][1]["against_reference"]["throughput"] = ratio
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(LoadTestError, match=complaint):
        read(tmp_path)


def test_the_published_schema_is_that_of_the_reports() -> None:
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert published == Document.model_json_schema(), "python -m loadtests.judge.document writes it anew"


def test_every_field_of_a_load_that_is_no_plain_figure_is_described() -> None:
    load: dict[str, Any] = Document.model_json_schema()["$defs"]["Measured"]["properties"]
    silent = {name for name, field in load.items() if "description" not in field}
    assert silent <= {
        *("variant", "rows_per_request", "scenario", "seconds", "requests_per_s", "rows_per_s"),
        *("p50_ms", "p95_ms", "p99_ms", "unloaded", "generator_limited", "checks"),
    }


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("not JSON", "does not hold JSON"),
        ("[1]", "its schema_version is None"),
        ('{"schema_version": 5}', "schema version 6, which can be compared; its schema_version is 5"),
        ('{"schema_version": 6}', "is not a report: created: Field required"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(LoadTestError) as refusal:
        read(tmp_path / "x.json")
    assert complaint in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_field_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    data = json.loads(document([measured("int8")]).as_json())
    data["results"][0]["speed"] = 1
    (tmp_path / "report.json").write_text(json.dumps(data))
    with pytest.raises(LoadTestError, match=r"results\.0\.speed: Extra inputs"):
        read(tmp_path)
