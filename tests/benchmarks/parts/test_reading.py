"""Data sets are read in processes of their own, and their memory set against the data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.errors import ProcessError
from benchmarks.parts import reading
from benchmarks.parts.reading import CASES, Case, measure_case
from benchmarks.plan import Plan
from benchmarks.report.result import Result

SMALL: dict[str, dict[str, int]] = {
    "numbers": {"rows": 400, "columns": 5, "classes": 4},
    "texts": {"rows": 3000, "words": 9},
    "objects": {"rows": 500},
}


def plan(folder: Path) -> Plan:
    unused: Any = None  # nothing is sent, and no model is served
    return Plan(unused, 2, 0.1, unused, unused, folder, lambda text: None)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=what, marks=() if what == "numbers" else pytest.mark.slow)
        for what, case in {case.what: case for case in CASES}.items()
    ],
)
def test_every_kind_of_data_set_is_read_once_a_round_by_a_process_that_says_what_it_took(
    case: Case, tmp_path: Path
) -> None:
    result = Result("reading", "Reading")
    small = replace(case, sizes=SMALL[case.what])
    measure_case(plan(tmp_path), result, small, tmp_path / "read")
    seconds, memory = result.figures
    assert len(seconds.values) == len(memory.values) == 2
    assert min(seconds.values) > 0
    assert len(result.samples[case.title]["reading"]) == 2
    assert json.loads((tmp_path / "read.json").read_text())["what"] == case.what
    assert not (tmp_path / "read.csv").exists()


def test_a_process_that_cannot_read_tells_why(tmp_path: Path) -> None:
    data, told = tmp_path / "read.csv", tmp_path / "read.json"
    data.write_text("c0,y\n" + "1,a\n2,b\n" * 20, encoding="utf-8")  # no process makes it
    told.write_text(json.dumps({"path": str(data), "options": {"text": ["c9"]}}), encoding="utf-8")
    with pytest.raises(ProcessError, match="no column 'c9', wanted by --text"):
        reading._ask("read", told, tmp_path / "read")
