from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle.store import ModelStore
from loadtests.experiment.measured import Outcomes, ScoredLoad, Skipped
from loadtests.experiment.plan import Plan, Schedule
from loadtests.judge.bounds import Bounds
from loadtests.judge.document import read
from loadtests.measure.recorder import Recorder
from loadtests.report.method import method
from loadtests.report.next_command import next_lines
from loadtests.report.writer import Report
from loadtests.rig.cores import Cores
from loadtests.workload.held_out import HeldOut
from tests.loadtests.results import changed, measured, stop
from tests.running_service import running_service

STOP = stop(is_decided=False)


@pytest.fixture(scope="module")
def report(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A report of two variants that were measured and one that was not, written."""
    out = tmp_path_factory.mktemp("report")
    bundle = ModelStore(models).open("digits")
    plan = Plan(
        HeldOut.of_bundle(bundle),
        models=models,
        bundle=bundle,
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
        Outcomes([ScoredLoad(one) for one in loads], skipped, stop=STOP),
        machine,
        "python -m loadtests run",
        Bounds(min_accuracy=0.9),
    )
    assert made.write() == out / "report.html"
    return made


def test_every_form_of_the_report_is_written(report: Report) -> None:
    written = {path.name for path in report.plan.out.iterdir()}
    assert written == {
        *("report.html", "report.json", "report.md", "request.json", "samples", "samples.csv.gz"),
        *("tradeoff.svg", "turns.csv"),
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
    assert document.bounds == Bounds(min_accuracy=0.9)
    assert document.asked == report.asked


def test_the_method_says_what_was_asked_and_where_it_ran(report: Report) -> None:
    text = " ".join(report.document.method)
    assert "Scenario `users`" in text
    asked = "`--users 4`, `--duration 3`, `--think 0`, `--find-peak no`, `--variants a,b`"
    assert f"Asked, given or by default: {asked}. Not set, or without effect here: `--p99-ms`." in text
    assert "Measured in 4 blocks; before each, every service starts anew" in text
    assert "After it, 0.5 s of each load are thrown away" in text
    assert "short turns, 640 in all: 0.1 s each, or 10 answers of every user where that is longer" in text
    assert "It does not see time in which another process" in text
    assert "alike within 5%" in text
    assert "each of them by itself with 98.00%" in text
    assert STOP.why not in report.document.method  # it stands among the sentences of the verdict
    assert "Services run on core 0, the load generator on 1." in text
    assert "a closed loop waits" in text


def test_the_method_says_nothing_of_what_there_was_not(report: Report) -> None:
    strange = [changed(one, cost=None) for one in report.loads]
    text = " ".join(method(replace(report.plan, host="http://h"), strange, {}))
    assert "processor time" not in text
    assert "looks whether" not in text
    assert "between two, services are left running" in text
    spiked = [changed(one, blocks=one.blocks[:1]) for one in report.loads]
    text = " ".join(method(replace(report.plan, scenario_name="spike"), spiked, {}))
    assert "Each load is one piece of 3 s: ratios have no interval." in text
    assert not re.search(r"turns?\b|round|block", text)


def test_the_commands_to_try_next_start_a_service_and_get_an_answer_from_it(
    report: Report, tmp_path: Path
) -> None:
    asked = {"models": str(report.plan.models), "out": str(report.plan.out)}
    lines = next_lines(report.document.model_copy(update={"asked": asked}))
    start, ask = (shlex.split(line.partition(": ")[2]) for line in lines[:2])
    assert start[:4] == ["python", "-m", "service", "--models"]
    assert (ask[0], ask[2]) == ("curl", "-d")
    with running_service(Path(start[4]), tmp_path / "log", "--default-model", "breast_cancer") as service:
        address = ask[1].removeprefix("http://localhost:8000")
        answer = service.client.post(address, content=Path(ask[3].removeprefix("@")).read_bytes())
    assert (answer.status_code, answer.json()["model"], answer.json()["variant"]) == (200, "digits", "int8")
    assert len(answer.json()["predictions"]) == 1


def test_every_ratio_is_the_same_in_the_matrix_as_in_the_table(report: Report) -> None:
    known = report.document
    (pair,) = known.pairs
    assert (pair.variant, pair.other, pair.figure) == ("float32", "int8", "rows per core-second")
    against = known.results[1].against_reference
    assert pair.ratio is not None
    assert against is not None
    assert against.cost is not None
    assert against.cost.value == pytest.approx(2.7, rel=0.01)
    assert 1 / pair.ratio.value == pytest.approx(against.cost.value)
    assert json.loads(known.as_json())["pairs"][0]["ratio"]["value"] == pytest.approx(pair.ratio.value)


def test_an_interrupted_run_says_how_far_it_came(report: Report) -> None:
    known = report.outcomes.measured[:1]
    partial = replace(report, outcomes=Outcomes(known, report.outcomes.skipped, is_partial=True))
    assert partial.document.partial == (
        "The run was interrupted when 4 blocks of each load were finished; nothing is known of int8 with "
        "1 row a request."
    )


def test_the_method_names_no_core_of_a_service_that_was_running_already(report: Report) -> None:
    plan = replace(report.plan, host="http://h", cores=Cores(None, 1))
    known = replace(report, plan=plan).document
    assert known.cores == {"service": None, "generator": [1]}
    (sentence,) = (one for one in known.method if "running already" in one)
    assert sentence.endswith("which cores it has is not known; the load generator runs on core 1.")
