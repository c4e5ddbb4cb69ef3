"""How calm the machine was during a run: in a sentence for the run, and load by load."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.experiment.blocks import Grade
from loadtests.experiment.measured import Measured
from loadtests.judge.document import Document

WORDS = ("calm", "uneasy", "rough")


def grades(document: Document) -> list[str]:
    """Return a sentence of the grades of all loads, with the figures of the roughest; none where none has one."""
    graded = [(load, load.grade) for load in document.results if load.grade]
    if not graded:
        return []
    words = [grade.word for _, grade in graded]
    found = [f"{word} in {_loads(words.count(word))}" for word in WORDS if word in words]
    load, worst = max(graded, key=lambda one: (WORDS.index(one[1].word), one[1].scatter))
    wide = "" if set(words) == {"calm"} else " That makes intervals wide, and no figure wrong."
    return [
        f"The machine was {' and '.join(found)}. Least calm was `{load.variant}` with "
        f"{load.rows_per_request} a request, {worst.sentence}.{wide}"
    ]


def grade_lines(loads: Sequence[Measured]) -> list[dict[str, str]]:
    """Return the grade of each load with its figures, as lines of cells."""
    return [_line(load, load.grade) for load in loads if load.grade]


def _line(load: Measured, grade: Grade) -> dict[str, str]:
    return {
        "variant": load.variant,
        "rows": str(load.rows_per_request),
        "grade": grade.word,
        "scatter of turns": _share(grade.scatter),
        "turns thrown away": _share(grade.void_turns),
        "ready, no core": _share(grade.waited),
        "stolen": _share(grade.stolen),
        "others on its core": _share(grade.others),
    }


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _loads(count: int) -> str:
    return "1 load" if count == 1 else f"{count} loads"
