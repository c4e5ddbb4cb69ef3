"""Effective accuracy against the rate that is offered: a line for each variant that was sent the same."""

from __future__ import annotations

from loadtests.experiment.measured import Measured, rate_in_words
from loadtests.experiment.steps.step import Step
from loadtests.judge.document import Document
from loadtests.report.pictures.look import style_of
from loadtests.report.pictures.svg import Frame, Picture, Scale, axes, hit, line, marker, picture, touchable

_FRAME = Frame(640, 380, left=64)


def draw(document: Document, rows: int) -> Picture | None:
    """Return the picture of all loads with so many rows a request; None where there are no steps."""
    loads = [load for load in document.with_rows(rows) if load.steps]
    if not loads:
        return None
    steps = [step for load in loads for step in load.steps]
    x = _FRAME.x(0, max(_rows_per_s(step, rows) for step in steps) * 1.03)
    low, high = min(step.right for step in steps), max(step.effective_accuracy.high for step in steps)
    y = _FRAME.y(max(0.0, low - 0.02), min(1.0, high + 0.01))
    names = ("rows offered a second", f"effective {document.yardstick.word}")
    parts = [
        axes(_FRAME, x, y, names, (lambda value: f"{value:,.0f}", lambda value: f"{100 * value:.3g}%")),
        *(_series(document, load, x, y) for load in loads),
    ]
    return picture(_FRAME, f"effective accuracy against the rate, {rows} rows a request", parts)


def words_of(step: Step) -> str:
    """Return which variants were chosen, as shares of what was answered; a dash where none was."""
    every = sum(one.requests for one in step.chosen)
    by_name: dict[str, int] = {}
    for one in step.chosen:
        by_name[one.variant] = by_name.get(one.variant, 0) + one.requests
    return ", ".join(f"{name} {count / every:.0%}" for name, count in by_name.items()) or "-"


def _rows_per_s(step: Step, rows: int) -> float:
    return step.requests_per_s * rows


def _series(document: Document, load: Measured, x: Scale, y: Scale) -> str:
    style, rows = style_of(document, load.variant), load.rows_per_request
    points = [(x(_rows_per_s(step, rows)), y(step.right)) for step in load.steps]
    parts = [line(points, f"series v{style.colour}-line")]
    for step, at in zip(load.steps, points, strict=True):
        kind = "hollow" if step.is_void else f"mark v{style.colour}"
        title = f"{load.variant}: {rate_in_words(_rows_per_s(step, rows))} rows a second offered"
        mark = marker(*at, style.marker, kind, 4.5)
        parts.append(touchable([mark], title, _figures(step), hit(*at, 9)))
    return "".join(parts)


def _figures(step: Step) -> dict[str, str]:
    found = step.effective_accuracy
    return {
        "right and in time": f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})",
        **{name: f"{getattr(step, name):.1%}" for name in ("wrong", "late", "shed", "failed")},
        "chosen": words_of(step),
        **({"void": "the generator did not keep the schedule"} if step.is_void else {}),
    }
