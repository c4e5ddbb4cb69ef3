from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from loadtests.experiment.measured import Outcomes, ScoredLoad, Skipped
from loadtests.experiment.plan import Plan, Schedule
from loadtests.judge.budget import Budget
from loadtests.judge.document import read
from loadtests.measure.recorder import Recorder
from loadtests.report.writer import Report
from loadtests.rig.cores import Cores
from tests.loadtests.results import measured


@pytest.fixture(scope="module")
def report(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of two variants that were measured and one that was not, written."""
    out = tmp_path_factory.mktemp("report")
    plan = Plan(
        models=models,
        bundle=ModelStore(models).open("digits"),
        variants=("float32", "int8", "float16"),
        rows=(1,),
        schedule=Schedule(users=4, warmup_s=0.5, duration_s=3.0),
        out=out,
        cores=Cores((0,), 1),
        seed=7,
    )
    (out / "samples").mkdir()
    recorder = Recorder(1, np.arange(10))
    recorder.add_answer(1.0, 2.0, 0, [])
    loads = [measured("float32", size=4000), measured("int8", rows_per_s=2700)]
    for one in loads:
        recorder.samples().save(out / one.samples)
    machine = {"cpu": "A Processor", "cores": 2, "system": "Linux", "python": "3.11", "libraries": {}}
    skipped = [Skipped("float16", "it could not be loaded", failed=True)]
    made = Report(
        plan,
        {
            "users": 4,
            "duration": 3.0,
            "think": 0.0,
            "p99_ms": None,
            "find_peak": False,
            "variants": ["a", "b"],
        },
        Outcomes([ScoredLoad(one) for one in loads], skipped),
        machine,
        "python -m loadtests run",
        Budget(min_accuracy=0.9),
    )
    assert made.write() == out / "report.html"
    return made


def test_every_form_of_the_report_is_written(report: Report) -> None:
    written = {path.name for path in report.plan.out.iterdir()}
    assert written == {
        *("report.html", "report.json", "report.md", "samples.csv.gz", "tradeoff.svg", "samples"),
    }


def test_all_forms_give_the_same_answer(report: Report) -> None:
    out = report.plan.out
    answer = report.verdict.sentences[0]
    assert answer.startswith("Ship `int8`")
    assert json.loads((out / "report.json").read_text())["verdict"]["sentences"][0] == answer
    assert answer in (out / "report.md").read_text()
    shown = answer.replace("`int8`", "<code>int8</code>").replace("`float32`", "<code>float32</code>")
    assert shown in (out / "report.html").read_text()


def test_what_was_not_measured_is_named_with_the_reason(report: Report) -> None:
    out = report.plan.out
    assert "not measured: `float16`: it could not be loaded" in (out / "report.md").read_text()
    assert "not measured: <code>float16</code>: it could not be loaded" in (out / "report.html").read_text()
    assert [one.variant for one in report.skipped] == ["float16"]


def test_the_json_can_be_read_back_and_holds_what_was_asked(report: Report) -> None:
    document = read(report.plan.out)
    assert document == report.document
    assert document.budget == Budget(min_accuracy=0.9)
    assert document.asked == report.asked


def test_the_method_says_what_was_asked_and_where_it_ran(report: Report) -> None:
    text = " ".join(report.document.method)
    assert "Scenario `users`" in text
    asked = "`--users 4`, `--duration 3`, `--think 0`, `--find-peak no`, `--variants a,b`"
    assert f"Asked, given or by default: {asked}. Not set, or without effect here: `--p99-ms`." in text
    assert "in 4 rounds or fewer; before each, 0.5 s of warm-up are thrown away" in text
    assert "A B C, C B A" in text
    assert "Services run on core 0, the load generator on 1." in text
    assert "a closed loop waits" in text


def test_the_method_names_no_core_of_a_service_that_was_running_already(report: Report) -> None:
    plan = replace(report.plan, host="http://h", cores=Cores(None, 1))
    known = replace(report, plan=plan).document
    assert known.cores == {"service": None, "generator": [1]}
    (sentence,) = (one for one in known.method if "running already" in one)
    assert sentence.endswith("which cores it has is not known; the load generator runs on core 1.")
