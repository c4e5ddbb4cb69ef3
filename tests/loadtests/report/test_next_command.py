from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from evidence.estimate import Estimate
from loadtests.experiment.measured import AccuracyDifference
from loadtests.judge.answer import Answer, Kind
from loadtests.judge.certificate import Certificate
from loadtests.judge.document import Document
from loadtests.measure.check import Check
from loadtests.report.next_command import next_lines
from tests.loadtests.results import changed, document, measured, stop, voided

COMMAND = "python -m loadtests run --models my\\ models --budget 60 --out reports/x"
SERVE = "serve it: python -m service --models 'my models'"
ASK = "ask it: curl 'http://localhost:8000/predict?model=digits&variant=int8' -d @reports/x/request.json"
AGAIN = f"measure again: {COMMAND}"


def _ended(kind: Kind, *others: str, void: bool = False) -> Document:
    """Return the report of a run that came to one kind of answer, `int8`."""
    loads = [measured("float32"), voided(measured("int8")) if void else measured("int8")]
    report = document(loads)
    verdict = replace(report.verdict, answer=Answer(kind, "int8", others))
    asked = {"models": "my models", "out": "reports/x"}
    return report.model_copy(
        update={"command": COMMAND, "asked": asked, "verdict": verdict, "stop": stop(is_decided=True)}
    )


@pytest.mark.parametrize("kind", ["ship", "tie"])
def test_what_is_to_be_shipped_is_served_and_asked(kind: Kind) -> None:
    assert next_lines(_ended(kind)) == [SERVE, ASK]


def test_a_service_that_is_running_already_is_only_asked() -> None:
    running = _ended("ship").model_copy(update={"host": "http://h:9000"})
    assert next_lines(running) == [ASK.replace("http://localhost:8000", "http://h:9000")]


def test_what_was_not_decided_takes_a_larger_budget_in_place_of_the_one_that_was_given() -> None:
    open_ = _ended("tie", "float32").model_copy(update={"stop": stop(is_decided=False)})
    *_, last = next_lines(open_)
    assert last == (
        "to tell more apart: python -m loadtests run --models 'my models' --out reports/x --budget 120"
    )
    unknown = replace(stop(is_decided=False), budget_s=100.0, more_s=None)
    *_, last = next_lines(open_.model_copy(update={"stop": unknown, "command": "x --budget=100 -y"}))
    assert shlex.split(last)[-4:] == ["x", "-y", "--budget", "210"]


def test_where_rows_are_missing_it_is_said_how_many_and_what_brings_them() -> None:
    difference = AccuracyDifference(-0.002, -0.012, 0.008, 1000)
    needed = Certificate("not enough rows to tell", Estimate(0.9, 0.88, 0.92), difference, 0.1, 4300)
    report = _ended("unproven", "dynamic_int8", "float16")
    certificates = {"dynamic_int8": needed, "float16": replace(needed, rows_needed=None)}
    verdict = replace(report.verdict, certificates=certificates)
    assert next_lines(report.model_copy(update={"verdict": verdict})) == [
        SERVE,
        ASK,
        "to prove dynamic_int8: about 3,300 more test rows (more data, or a larger --test-size of training)",
    ]


def test_where_nothing_holds_the_bounds_the_nearest_is_tried_and_another_is_trained() -> None:
    assert next_lines(_ended("out_of_bounds")) == [
        SERVE.replace("it:", "the nearest:"),
        ASK.replace("it:", "the nearest:"),
        "one that meets it: python -m training tune --help",
    ]


def test_where_nothing_can_be_believed_it_says_what_to_do_first_and_then_to_measure_again() -> None:
    assert next_lines(_ended("void", void=True)) == [
        "what is void: the load generator was the limit: fewer --users, more --rows, or a faster core for it",
        AGAIN,
    ]


def test_a_load_that_is_void_beside_an_answer_is_said_last() -> None:
    *first, last = next_lines(_ended("ship", void=True))
    assert first == [SERVE, ASK]
    assert last.startswith("what is void: the load generator was the limit")


@pytest.mark.parametrize("name", ["generator", "core", "schedule", "answers", "service", "cache"])
def test_every_check_that_voids_has_its_remedy(name: str) -> None:
    check = Check(name, passed=False, detail="It did not.")
    report = document([changed(measured("float32"), checks=[check])])
    (line,) = [one for one in next_lines(report) if one.startswith("what is void")]
    assert f"see the check {name}" not in line


def test_a_run_that_was_interrupted_is_measured_again() -> None:
    assert next_lines(_ended("ship").model_copy(update={"partial": "It was."})) == [AGAIN]
