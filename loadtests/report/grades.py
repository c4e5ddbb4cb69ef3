"""How calm the machine was, load by load, as a table: what scattered, what was stolen, what others took."""

from __future__ import annotations

from loadtests.experiment.blocks import Grade
from loadtests.experiment.measured import Measured
from loadtests.judge.document import Document
from loadtests.report.table import share


def grade_lines(document: Document) -> list[dict[str, str]]:
    """Return the grade of each load with its figures, as lines of cells."""
    return [_line(document.noun, load, load.grade) for load in document.results if load.grade]


def _line(noun: str, load: Measured, grade: Grade) -> dict[str, str]:
    return {
        noun: load.variant,
        "rows": str(load.rows_per_request),
        "grade": grade.word,
        "scatter of turns": share(grade.scatter),
        "turns thrown away": share(grade.void_turns),
        "ready, no core": share(grade.waited),
        "stolen": share(grade.stolen),
        "others on its core": share(grade.others),
    }
