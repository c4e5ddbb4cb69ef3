from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path

from loadtests.experiment.blocks import TurnFigures
from loadtests.experiment.measured import ScoredLoad
from loadtests.report import turns_csv
from tests.loadtests.results import measured


def _turn(block: int, number: int, started_s: float, rate: float, why_void: str = "") -> TurnFigures:
    return TurnFigures(block, number, started_s, 0.1, 50, rate, 8 * rate, 16 * rate, 1.5, None, why_void)


def test_every_turn_has_a_line_with_all_its_figures_in_the_order_of_measuring(tmp_path: Path) -> None:
    loads = [
        ScoredLoad(measured("float32", 8), turns=(_turn(0, 0, 0.0, 500), _turn(0, 1, 0.3, 400, "=no core"))),
        ScoredLoad(measured("int8", 8), turns=(_turn(0, 0, 0.1, 900), _turn(0, 1, 0.2, 800.5))),
    ]
    with turns_csv.write(loads, tmp_path).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["variant", "rows", *(field.name for field in fields(TurnFigures))]
    assert [(line["variant"], line["round"]) for line in lines] == [
        ("float32", "0"),
        ("int8", "0"),
        ("int8", "1"),
        ("float32", "1"),
    ]
    assert list(lines[2].values()) == [
        *("int8", "8", "0", "1", "0.2", "0.1", "50", "800.5", "6404.0", "12808.0", "1.5", "", ""),
    ]
    assert lines[3]["why_void"] == "'=no core"


def test_ratios_follow_from_the_file_alone(tmp_path: Path) -> None:
    loads = [
        ScoredLoad(
            measured(name), turns=tuple(_turn(0, one, 0.1 * one, rate * (1 + one)) for one in range(5))
        )
        for name, rate in (("float32", 100.0), ("int8", 250.0))
    ]
    with turns_csv.write(loads, tmp_path).open(encoding="utf-8", newline="") as file:
        figures = {
            (line["variant"], line["block"], line["round"]): float(line["rows_per_core_s"])
            for line in csv.DictReader(file)
        }
    ratios = {figures["int8", "0", str(one)] / figures["float32", "0", str(one)] for one in range(5)}
    assert ratios == {2.5}
