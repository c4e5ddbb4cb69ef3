"""Writes every turn of every load into one file, from which anybody can check the ratios: `turns.csv`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from loadtests.experiment.blocks import TurnFigures
from loadtests.experiment.measured import ScoredLoad
from loadtests.report.escapes import in_csv

FILE_NAME = "turns.csv"
COLUMNS = ("variant", "rows", *(field.name for field in fields(TurnFigures)))


def write(loads: Sequence[ScoredLoad], folder: Path) -> Path:
    """Write one line for each turn, in the order in which they were measured; return the file's path.

    Turns of equal `block` and `round` stood side by side. What is not known is empty, and so is `why_void`
    where the turn counts.
    """
    path = folder / FILE_NAME
    lines = [(one.load, turn) for one in loads for turn in one.turns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for load, turn in sorted(lines, key=lambda line: line[1].started_s):
            *figures, why_void = astuple(turn)
            writer.writerow([in_csv(load.variant), load.rows_per_request, *figures, in_csv(why_void)])
    return path
