"""How calm the machine was, load by load, as a table: what scattered, what was stolen, what others took."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.experiment.blocks import Grade
from loadtests.experiment.measured import Measured
from loadtests.report.table import share


def grade_lines(loads: Sequence[Measured]) -> list[dict[str, str]]:
    """Return the grade of each load with its figures, as lines of cells."""
    return [_line(load, load.grade) for load in loads if load.grade]


def _line(load: Measured, grade: Grade) -> dict[str, str]:
    return {
        "variant": load.variant,
        "rows": str(load.rows_per_request),
        "grade": grade.word,
        "scatter of turns": share(grade.scatter),
        "turns thrown away": share(grade.void_turns),
        "ready, no core": share(grade.waited),
        "stolen": share(grade.stolen),
        "others on its core": share(grade.others),
    }
