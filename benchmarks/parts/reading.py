"""Part 8: the largest data sets, each ten times what a test uses: their time, and memory against the data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.errors import BenchmarkError, ProcessError
from benchmarks.measure.sample import Sample
from benchmarks.plan import Plan
from benchmarks.report.figure import Figure, at_most
from benchmarks.report.result import Result
from loadtests.rig.child import Child, program

TIMES_THE_DATA = 4.0
"""Memory that reading and preparing may take, as a multiple of the data."""


@dataclass(frozen=True)
class Case:
    """A data set that is made up, and how it is read."""

    title: str
    what: str
    sizes: Mapping[str, int]
    options: Mapping[str, Any] = field(default_factory=dict)


CASES = (
    Case("2,000,000 rows of 10 numbers", "numbers", {"rows": 2_000_000, "columns": 10, "classes": 10}),
    Case("50,000 columns of 400 rows", "numbers", {"rows": 400, "columns": 50_000, "classes": 2}),
    Case("1,500 classes", "numbers", {"rows": 1_500_000, "columns": 8, "classes": 1500}),
    Case("225,000 texts", "texts", {"rows": 225_000, "words": 60}, {"text": ["t"]}),
    Case("1,500,000 objects", "objects", {"rows": 1_500_000}),
)


def run(plan: Plan, result: Result) -> None:
    """Fill `result`. Raises BenchmarkError."""
    if find_spec("training") is None:
        raise BenchmarkError("there is no `training` here to read with")
    result.conditions += [
        "made-up rows as .csv; read, split, encoded and normalised as `train` does, a process a round",
        "memory: the most that the process had, less what it had before",
        "data: the file, or its rows in float32, whichever is more",
    ]
    for number, case in enumerate(CASES):
        measure_case(plan, result, case, plan.logs / f"read-{number}")


def measure_case(plan: Plan, result: Result, case: Case, place: Path) -> None:
    """Read a data set in as many processes as there are rounds."""
    told = place.with_suffix(".json")
    data = place.with_suffix(".csv")
    asked = {"path": str(data), "what": case.what, "sizes": case.sizes, "options": case.options}
    told.write_text(json.dumps(asked), encoding="utf-8")
    plan.say(f"{case.title}: making them up")
    _ask("make", told, place)
    answers = []
    for index in range(plan.rounds):
        plan.say(f"{case.title}: round {index + 1} of {plan.rounds}")
        answers.append(_ask("read", told, place))
    data.unlink()
    seconds = tuple(one["seconds"] for one in answers)
    result.samples[case.title] = {"reading": [Sample(1, one, one * 1e6, one * 1e6) for one in seconds]}
    size = answers[0]["data_bytes"]
    ratios = tuple(one["memory_bytes"] / size for one in answers)
    result.figures += [
        Figure(f"{case.title}, {size / 2**20:,.0f} MiB: s", seconds),
        Figure(f"{case.title}: memory / data", ratios, at_most(TIMES_THE_DATA)),
    ]


def _ask(way: str, told: Path, place: Path) -> dict[str, float]:
    command = program("benchmarks.subjects.reads", way, str(told))
    log = place.with_name(f"{place.name}-{way}.log")
    with Child(command, log=log, core=None, talks=True) as child:
        line = child.ask("now")
        if not line:
            raise ProcessError(f"the process that reads ended:\n{child.tail()}")
    answer: dict[str, float] = json.loads(line)
    return answer
