"""Fills the template: from the report's plain data to one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from re import sub
from typing import Any

from markupsafe import Markup

from loadtests.experiment.measured import Measured, rows_in_words
from loadtests.judge.document import Document
from loadtests.measure.check import Check
from loadtests.report import steps_table
from loadtests.report.grades import grade_lines
from loadtests.report.markdown import machine_lines
from loadtests.report.next_command import next_lines
from loadtests.report.page.grid import grid
from loadtests.report.pictures import curves, effective, look, spots, stages, timeline, tradeoff
from loadtests.report.pictures.svg import marker
from loadtests.report.table import legend, lines, matrix, matrix_sentence, number, remarks

FILE_NAME = "report.html"
_HERE = Path(__file__).parent
_VOID = "VOID: "
_OUTCOMES = {True: "passed", None: "not made"}


def render(document: Document, pictures: Sequence[str] = ()) -> str:
    """Return the page. `pictures` are files beside it that it names."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = True
    environment.filters["words"] = words
    style, script = ((_HERE / file).read_text(encoding="utf-8") for file in ("style.css", "script.js"))
    template = environment.get_template("template.html")
    return template.render(
        document=document,
        pictures=pictures,
        machine=machine_lines(document),
        stage_names=stages.STAGES,
        moment_names=timeline.KINDS,
        **_counts(document),
        **_pieces(document),
        style=_drawn(look.style_of_page() + style),
        script=_drawn(script),
    )


def words(text: str) -> Markup:
    """Return a sentence as HTML, what stands between backticks as code."""
    return _drawn(sub(r"`([^`]*)`", r"<code>\1</code>", escape(text)))


def _drawn(html: str) -> Markup:
    """Mark what was drawn as HTML already; everything else is escaped by the template."""
    return Markup(html)  # noqa: S704 - its parts were escaped when it was drawn


def _pieces(document: Document) -> dict[str, Any]:
    verdict = document.verdict
    settings, table = document.rows, lines(document)
    return {
        "void": [one.removeprefix(_VOID) for one in verdict.sentences if one.startswith(_VOID)],
        "remarks": [one for one in remarks(document) if not one.startswith(_VOID)],
        "legend": [_legend(document, name) for name in document.variants],
        "tradeoffs": [
            (figure, [(rows_in_words(rows), _drawn(picture.inline)) for rows, picture in drawn])
            for figure in spots.figures(document)
            if (drawn := tradeoff.draw_all(document, figure))
        ],
        "table": _drawn(grid(table, _kind(document))),
        "table_legend": legend(table[0], document.yardstick),
        "matrices": _matrices(document),
        "matrix_sentence": matrix_sentence(document) if document.pairs else "",
        "grade_table": _drawn(grid(graded)) if (graded := grade_lines(document)) else "",
        "next_lines": next_lines(document),
        "stages": [
            (rows, _drawn(picture.inline), _drawn(grid(_stage_lines(document, document.with_rows(rows)))))
            for rows in settings
            if (picture := stages.draw(document, rows))
        ],
        "curves": [
            (load.name, _drawn("".join(picture.inline for picture in found)))
            for load in document.results
            if (found := curves.draw(document, load))
        ],
        "steps": [
            (rows, _drawn(picture.inline), _drawn(grid(steps_table.rate_lines(document, rows))))
            for rows in settings
            if (picture := effective.draw(document, rows))
        ],
        "worst": _drawn(grid(steps_table.worst_lines(document))) if document.worst else "",
        "worst_legend": steps_table.legend(),
        "timelines": [
            (load.name, _drawn(picture.inline))
            for load in document.results
            if (picture := timeline.draw(load))
        ],
        **_checks(document),
    }


def _legend(document: Document, name: str) -> tuple[str, Markup, str]:
    style = look.style_of(document, name)
    is_void = any(load.void for load in document.results if load.variant == name)
    is_grey = is_void or name in document.verdict.dominated
    icon = marker(7, 7, style.marker, "grey" if is_grey else f"v{style.colour}", 4.6)
    drawn = f'<svg viewBox="0 0 14 14" class="icon" aria-hidden="true">{icon}</svg>'
    reason = "void" if is_void else f"dominated by {document.verdict.dominated.get(name)}"
    return f"{name} ({reason})" if is_grey else name, _drawn(drawn), "dominated" if is_grey else ""


def _kind(document: Document) -> Any:
    verdict = document.verdict

    def kind(line: Any) -> str:
        if line[document.noun] == verdict.recommended:
            return "best"
        return "dominated" if line[document.noun] in verdict.dominated else ""

    return kind


def _matrices(document: Document) -> list[tuple[int, Markup]]:
    if not document.pairs:
        return []
    return [(rows, _drawn(grid(matrix(document, rows)))) for rows in document.rows]


def _stage_lines(document: Document, loads: Sequence[Measured]) -> list[dict[str, str]]:
    return [
        {
            document.noun: load.variant,
            **{name: number(known.get(name)) for name in stages.STAGES},
            "in all": number(sum(known.values())),
        }
        for load in loads
        if (known := stages.stages_of(load))
    ]


def _checks(document: Document) -> dict[str, Any]:
    lines = [_check_line(document, load, check) for load in document.results for check in load.checks]
    failed = [line for line in lines if line["result"] not in _OUTCOMES.values()]
    return {
        "checks": _drawn(grid(lines, _check_kind)) if lines else "",
        "failed_checks": _drawn(grid(failed, _check_kind)) if failed else "",
    }


def _check_line(document: Document, load: Measured, check: Check) -> dict[str, str]:
    result = _OUTCOMES.get(check.passed, "VOID" if check.voids else "found")
    return {
        document.noun: load.variant,
        "rows": str(load.rows_per_request),
        "check": check.name,
        "result": result,
        "what decided": check.detail,
    }


def _check_kind(line: Any) -> str:
    return "failed-check" if line["result"] in {"VOID", "found"} else ""


def _counts(document: Document) -> dict[str, int]:
    outcomes = [check.passed for load in document.results for check in load.checks]
    return {
        "checked": sum(passed is not None for passed in outcomes),
        "passed": outcomes.count(True),
        "not_made": outcomes.count(None),
    }
