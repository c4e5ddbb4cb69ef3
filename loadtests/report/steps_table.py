"""The tables of a run of rising rates: what became of the rows at each, and the worst of each variant."""

from __future__ import annotations

from collections.abc import Mapping

from loadtests.experiment.measured import rate_in_words
from loadtests.experiment.steps.step import Step
from loadtests.judge.document import Document
from loadtests.report.pictures.effective import words_of


def rate_lines(document: Document, rows: int) -> list[dict[str, str]]:
    """Return a line of each rate: what of all rows offered each variant answered rightly and in time."""
    loads = [load for load in document.with_rows(rows) if load.steps]
    places = sorted({step.share for load in loads for step in load.steps})
    found = []
    for share in places:
        at = {load.variant: step for load in loads for step in load.steps if step.share == share}
        first = next(iter(at.values()))
        against = [one for one in document.steps if (one.rows_per_request, one.share) == (rows, share)]
        chosen = [f"{name}: {words_of(step)}" for name, step in at.items() if step.chosen]
        found.append(
            {
                "load": f"{share:.0%}",
                "rows/s": rate_in_words(first.requests_per_s * rows),
                **{load.variant: _cell(at, load.variant) for load in loads},
                "note": "; ".join(
                    [
                        *(["void: the generator did not keep the schedule"] if first.is_void else []),
                        *(f"{one.variant} {one.judgement} {one.best}" for one in against),
                        *chosen,
                    ]
                ),
            }
        )
    return found


def worst_lines(document: Document) -> list[dict[str, str]]:
    """Return a line of each load: its worst rate, and the mean of all."""
    return [
        {
            document.noun: one.variant,
            "rows": str(one.rows_per_request),
            "effective": f"{one.effective_accuracy:.1%}",
            "drop, points": f"{100 * one.accuracy_drop:.1f}",
            "missed most": f"{one.missed_most:.1%}",
            "missed": f"{one.missed:.1%}",
        }
        for one in document.worst
    ]


def legend() -> str:
    """Return what the columns of the second table are."""
    return (
        "effective: rows answered rightly and in time, of all offered, on the mean of the rates; drop: how "
        "far the accuracy of what was in time fell at most below that of the most accurate; missed: rows not "
        "answered in time, at the worst rate and on the mean"
    )


def _cell(at: Mapping[str, Step], name: str) -> str:
    step = at.get(name)
    return "-" if step is None else f"{step.right:.1%}"
