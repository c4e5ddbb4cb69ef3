"""The report holds every sample, and hides neither what was void nor what could not be run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.measure.sample import Sample
from benchmarks.report.figure import Figure, at_least
from benchmarks.report.result import Result
from benchmarks.report.writer import Report

MACHINE: dict[str, Any] = {
    "cpu": "a processor",
    "cores": 2,
    "load": 0.1,
    "system": "a system",
    "python": "3.11",
    "bound": {"server": 0, "load": 1},
    "client": "wrk 4",
    "libraries": {"uvicorn": "1.2"},
}


def write(folder: Path, *results: Result, **machine: Any) -> tuple[dict[str, Any], str]:
    data, text = Report("python -m benchmarks", 2, 3, MACHINE | machine, list(results)).write(folder / "new")
    return json.loads(data.read_text(encoding="utf-8")), text.read_text(encoding="utf-8")


def test_every_round_is_in_the_data_and_the_median_in_the_table(tmp_path: Path) -> None:
    samples = {"ours": [Sample(6, 2.0, 1.0, 2.0), Sample(8, 2.0, 1.0, 2.0)]}
    figure = Figure("ours / bare", (0.5, 0.75), at_least(0.6))
    result = Result("engine", "One row", ["JSON"], [figure], {"32 connections": samples})
    data, text = write(tmp_path, result)
    [part] = data["parts"]
    assert [one["count"] for one in part["samples"]["32 connections"]["ours"]] == [6, 8]
    assert part["figures"][0]["values"] == [0.5, 0.75]
    assert part["figures"][0]["met"] is True
    assert "| ours / bare | 0.625 | 0.500 … 0.750 | ≥ 0.6 | yes |" in text
    assert "a processor, 2 cores" in text
    assert "uvicorn 1.2" in text
    assert "Requests were sent by wrk 4." in text
    assert "The server runs on one core, its load on another." in text
    assert not result.is_bad


def test_a_machine_that_binds_nothing_to_a_core_is_not_said_to(tmp_path: Path) -> None:
    _, text = write(tmp_path, bound={"server": None, "load": None}, load=None)
    assert "Nothing was bound to a core" in text
    assert "load unknown before" in text


def test_a_void_run_and_a_peer_that_could_not_be_run_are_named(tmp_path: Path) -> None:
    result = Result(
        "peers", "Peers", notes=["X could not be run: it ended:\nno module y"], void=["Z: 3 status"]
    )
    data, text = write(tmp_path, result)
    assert data["parts"][0]["void"] == ["Z: 3 status"]
    assert "Not measured:\n\n```\nX could not be run: it ended:\nno module y\n```" in text
    assert "Void:\n\n```\nZ: 3 status\n```" in text
    assert result.is_bad


def test_a_missed_aim_is_bad_and_a_figure_without_an_aim_is_not() -> None:
    assert Result("engine", "", figures=[Figure("ratio", (0.5,), at_least(0.6))]).is_bad
    assert not Result("engine", "", figures=[Figure("ratio", (0.5,))]).is_bad
