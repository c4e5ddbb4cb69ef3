"""The report is one Markdown text, and the same with every sample as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.measure.sample import Sample
from benchmarks.mixed.comparison import Asked, Compared
from benchmarks.mixed.contender import Contender
from benchmarks.mixed.making import Taken
from benchmarks.mixed.report import Report
from benchmarks.mixed.timing import Timed
from bundle.bundle import Bundle


@pytest.fixture
def report(bundle: Bundle, contenders: list[Contender]) -> Report:
    samples = {one.name: [Sample(10, 0.3, 126.5, 130.0)] * 2 for one in contenders}
    timed = {1: Timed(samples, 126.5, {one.name: one.times[1] for one in contenders})}
    compared = Compared(bundle, Taken(0, 83.2, 2**30, "the log"), contenders, timed)
    return Report("python -m benchmarks.mixed", Asked("nets/net.tflite", "x.npz", 0.01, "int8"), compared)


def test_the_text_names_machine_versions_rows_and_every_graph(report: Report, tmp_path: Path) -> None:
    _, path = report.write(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# net.tflite on breast_cancer: mixed precision with a budget of 0.01\n")
    assert report.here["cpu"] in text
    assert "nncf==" in text
    rows = report.compared.bundle.manifest.provenance
    assert f"{rows.validation_rows:,} validation and {rows.test_rows:,} test rows, the same for all" in text
    assert "took 83 s and 1,024 MB at most" in text
    for one in report.compared.contenders:
        assert f"\n| {one.name} |" in text
    assert "- All that was aimed at: met." in text


def test_the_json_has_every_sample(report: Report, tmp_path: Path) -> None:
    path, _ = report.write(tmp_path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["met"] is True
    assert [one["name"] for one in found["contenders"]] == [one.name for one in report.compared.contenders]
    assert [len(samples) for samples in found["samples"]["1"].values()] == [2] * len(found["contenders"])


def test_without_a_mixed_rung_the_aim_is_missed_and_the_report_says_why(report: Report) -> None:
    rest = [one for one in report.compared.contenders if one.role != "mixed"]
    manifest = report.compared.bundle.manifest.model_copy(update={"left_out": {"mixed": "nothing held"}})
    bundle = Bundle(report.compared.bundle.folder, manifest)
    without = Report("", report.asked, Compared(bundle, report.compared.taken, rest, report.compared.timed))
    assert not without.is_met
    assert "- There is no mixed rung: nothing held." in without.lines()
