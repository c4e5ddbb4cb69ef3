"""Whatever `run` can be asked is in its report, and decides whether two reports are compared."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadtests.cli.options import RunOptions
from loadtests.errors import LoadTestError
from loadtests.experiment.measured import Outcomes, ScoredLoad
from loadtests.judge.document import Document, read
from loadtests.judge.regression import compare
from loadtests.judge.terms import MAY_DIFFER, option
from loadtests.report.writer import Report
from loadtests.rig import cores
from loadtests.rig.cores import Cores
from tests.loadtests.results import measured, peak

OPEN = {"scenario": "server"}
SEARCH = {"scenario": "server", "find_peak": True}

# For every option: with what else it is asked, two values of it, and what is said where they do not compare;
# None where they do.
OPTIONS: dict[str, tuple[dict[str, Any], Any, Any, str | None]] = {
    "models": ({}, None, None, None),  # two names of the one folder that there is here
    "model": ({}, "digits", "breast_cancer", "--model digits against breast_cancer"),
    "version": ({}, None, 1, None),
    "variants": ({}, "", "float32,int8", None),
    "system": ({"variants": "float32"}, ["a=predict+http://h"], ["b=oip+http://h/m"], None),
    "pid": ({"system": ["a=predict+http://h"]}, None, [f"a={os.getpid()}"], None),
    "rows_from": ({"model": None, "system": ["a=predict+http://h"]}, "a", "b", "--rows-from "),
    "scenario": (
        {},
        "users",
        "single_stream",
        "--scenario users against single_stream; --users 8 against 1",
    ),
    "rows": ({}, "1", "1,8", None),
    "users": ({}, 16, 32, "--users 16 against 32"),
    "think": ({}, 5.0, 0.0, "--think 5 against 0"),
    "rate": (OPEN, 200.0, None, "--rate 200 against 100"),
    "binary": ({}, False, True, "--binary no against yes"),
    "seeds": ({}, 3, 2, None),
    "connections": (OPEN, 0, 8, "--connections 1024 against 8"),
    "find_peak": (OPEN | {"rate": 100.0, "p99_ms": 10.0}, True, False, "--find-peak yes against no"),
    "profile": (SEARCH, True, False, None),
    "blocks": ({}, 8, 4, None),
    "budget": ({}, 120.0, 60.0, None),
    "duration": ({"scenario": "rise"}, 20.0, 4.0, "--duration 20 against 4"),
    "warmup": ({}, 0.5, 0.0, "--warmup 0.5 against 0"),
    "service_cores": ({}, 1, 2, "--service-cores 1 against 2"),
    "seed": ({}, 0, 1, None),
    "out": ({}, Path("a"), Path("b"), None),
    "host": ({}, None, "http://h", "--host none against of a service that was running"),
    "p99_ms": (SEARCH, None, 20.0, "--p99-ms 10 against 20"),
    "min_accuracy": ({}, None, 0.9, None),
    "min_rps": ({}, None, 10.0, None),
    "max_mb": ({}, None, 1.0, None),
    "margin": ({}, 0.01, 0.02, None),
    "weight": ({"rows": "1,8"}, "", "1:0.8,8:0.2", None),
}

# The same load, with an option left to its default or without effect, and with a value of it.
ALIKE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"model": "digits", "scenario": "users", "users": 8, "think": 0.0, "blocks": 8, "budget": 120.0}),
    (OPEN, OPEN | {"rate": 100.0, "connections": 1024}),
    (OPEN, OPEN | {"connections": 5000, "users": 3, "think": 7.0}),
    (SEARCH, SEARCH | {"p99_ms": 10.0}),
    (SEARCH, SEARCH | {"rate": 500.0}),
    (SEARCH, {"scenario": "server", "profile": True}),
    ({}, {"rate": 500.0, "connections": 3}),
    ({}, {"p99_ms": 3.0}),
    ({"scenario": "rise"}, {"scenario": "rise", "budget": 2.0, "p99_ms": 3.0}),
    ({"scenario": "single_stream"}, {"scenario": "single_stream", "users": 99}),
    ({"host": "http://one"}, {"host": "http://another"}),
]


@pytest.fixture(autouse=True)
def _cores_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be as many cores as are asked for."""
    monkeypatch.setattr(cores, "choose", lambda some=1: Cores(tuple(range(some)), some, workers=some))


def _report(folder: Path, /, **given: Any) -> Report:
    """Return the report of a run that was asked this, whatever it came to."""
    asked: dict[str, Any] = {"models": folder, "model": "digits", **given}
    options = RunOptions(**asked)
    plan = options.plan()
    found = peak(500.0, 510.0) if plan.searches else None
    loads = [
        ScoredLoad(measured(name, scenario=plan.scenario_name, peak=found)) for name in ("float32", "int8")
    ]
    machine = {"cpu": "A Processor", "cores": 2}
    return Report(plan, options.asked(plan), Outcomes(loads), machine, "", options.bounds(plan.weights))


@pytest.mark.parametrize("name", RunOptions.__dataclass_fields__)
def test_every_option_is_a_term_of_the_comparison_or_it_is_said_why_not(
    name: str, models: Path, tmp_path: Path
) -> None:
    """A new option is missing from the table above: say there what is to come of it."""
    others, one, other, told = OPTIONS[name]
    values = (models, models / ".." / models.name) if name == "models" else (one, other)
    if name == "rows_from":
        values = (tmp_path / "a.npz", tmp_path / "b.npz")
        for file in values:
            np.savez(file, x=np.zeros((2, 1)), y=[0, 1])
    first, second = (_report(models, **(others | {name: value})).document for value in values)
    assert (told is None) == (name in MAY_DIFFER)
    if told is None:
        assert not compare(first, second).is_worse
    else:
        with pytest.raises(LoadTestError) as refusal:
            compare(first, second)
        assert told in str(refusal.value)


def test_nothing_is_said_of_an_option_that_is_none() -> None:
    assert set(MAY_DIFFER) <= set(RunOptions.__dataclass_fields__) == set(OPTIONS)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_a_default_is_as_its_value_given_and_what_has_no_effect_makes_no_difference(
    one: dict[str, Any], other: dict[str, Any], models: Path
) -> None:
    assert not compare(_report(models, **one).document, _report(models, **other).document).is_worse


@pytest.mark.parametrize("given", [{}, OPEN, SEARCH, {"scenario": "rise"}])
def test_everything_that_was_asked_is_in_the_report_and_in_its_method(
    given: dict[str, Any], models: Path, tmp_path: Path
) -> None:
    report = _report(models, **given, out=tmp_path, min_rps=7.5, host="http://h")
    report.write()
    known: Document = read(tmp_path)
    assert set(known.asked) == set(RunOptions.__dataclass_fields__)
    (sentence,) = (one for one in known.method if one.startswith("Asked, "))
    for name in RunOptions.__dataclass_fields__:
        assert f"`{option(name)}" in sentence
    assert "`--min-rps 7.5`" in sentence
    assert "`--rows 1,32`" in sentence
    assert ("`--rate 100`" in sentence) == (given == OPEN)


def test_an_option_that_only_one_report_knows_is_a_difference(models: Path) -> None:
    known = _report(models).document
    newer = known.model_copy(update={"asked": {**known.asked, "pipelined": 4}})
    with pytest.raises(LoadTestError, match="cannot be compared: --pipelined none against 4"):
        compare(known, newer)


def test_every_difference_is_named(models: Path) -> None:
    one, other = (_report(models, think=think, users=users) for think, users in ((5.0, 16), (0.0, 4)))
    with pytest.raises(LoadTestError) as refusal:
        compare(one.document, other.document)
    assert str(refusal.value) == ("the reports cannot be compared: --users 16 against 4; --think 5 against 0")


def test_values_that_differ_are_told_in_words_that_differ(models: Path) -> None:
    one, other = (_report(models, **OPEN, rate=rate).document for rate in (1234567.0, 1234568.0))
    with pytest.raises(LoadTestError, match="--rate 1234567 against 1234568"):
        compare(one, other)
