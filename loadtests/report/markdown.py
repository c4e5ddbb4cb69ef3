"""The report for a reader of plain text: the answer, the table, the pictures, and how far to trust them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loadtests.experiment.measured import Skipped, load_in_words, rows_in_words
from loadtests.judge.document import Document
from loadtests.report import steps_table
from loadtests.report.escapes import code_in_markdown, in_markdown, sentence_in_markdown
from loadtests.report.grades import grade_lines
from loadtests.report.steps_table import rate_lines, worst_lines
from loadtests.report.table import LEFT, legend, lines, matrix, matrix_sentence
from loadtests.rig.machine import counted

FILE_NAME = "report.md"


def markdown(document: Document, pictures: Sequence[str] = ()) -> str:
    """Return the report as Markdown. `pictures` are files beside it."""
    verdict, table = document.verdict, lines(document)
    blocks = [
        f"# {in_markdown(document.title)}",
        *(["# VOID"] if verdict.is_void else []),
        *([f"# PARTIAL\n\n{sentence_in_markdown(document.partial)}"] if document.partial else []),
        _sentences(verdict.sentences),
        lines_as_table(table),
        in_markdown(legend(table[0], document.yardstick)) + ".",
    ]
    if document.skipped:
        blocks.append(_bullets(map(_not_measured, document.skipped)))
    blocks += [f"![{name.removesuffix('.svg').replace('_', ' ')}]({name})" for name in pictures]
    if document.worst:
        blocks += ["## Rightly and in time", *_steps(document)]
    if document.pairs:
        blocks += ["## Told apart?", in_markdown(matrix_sentence(document))]
        for rows in document.rows:
            blocks += [f"### {rows_in_words(rows)} a request", lines_as_table(matrix(document, rows))]
    if graded := grade_lines(document):
        blocks += ["## How calm the machine was", lines_as_table(graded)]
    blocks += ["## Checks", *_checks(document), "## Method", _sentences(document.method)]
    again = f"To measure again: {code_in_markdown(document.command)}"
    blocks += ["## Machine", _bullets([*map(in_markdown, machine_lines(document)), again])]
    return "\n\n".join(blocks) + "\n"


def _steps(document: Document) -> list[str]:
    tables = [lines_as_table(found) for rows in document.rows if (found := rate_lines(document, rows))]
    return [*tables, lines_as_table(worst_lines(document)), in_markdown(steps_table.legend()) + "."]


def machine_lines(document: Document) -> list[str]:
    """Return the machine and the versions, a line for each kind."""
    machine = document.machine
    libraries = machine.get("libraries")
    known = libraries if isinstance(libraries, dict) else {}
    versions = ", ".join(f"{name} {version}" for name, version in known.items())
    return [
        f"{machine.get('cpu')}, {counted(machine.get('cores'), 'core')}; {machine.get('system')}",
        f"Python {machine.get('python')}; {versions}",
    ]


def lines_as_table(lines: Sequence[Mapping[str, str]]) -> str:
    """Return lines with the same titles as a Markdown table."""
    if not lines:
        return "Nothing was measured."
    titles = list(lines[0])
    ruler = ["---" if title in LEFT else "---:" for title in titles]
    return "\n".join(
        f"| {' | '.join(line)} |"
        for line in [
            [in_markdown(title) for title in titles],
            ruler,
            *([in_markdown(cell) for cell in line.values()] for line in lines),
        ]
    )


def _sentences(sentences: Iterable[str]) -> str:
    return _bullets(map(sentence_in_markdown, sentences))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _not_measured(one: Skipped) -> str:
    return f"not measured: {code_in_markdown(one.variant)}: {in_markdown(one.reason)}"


def _checks(document: Document) -> list[str]:
    checks = [(load, check) for load in document.results for check in load.checks]
    if not checks:
        return ["None was made."]
    failed = [
        f"{'VOID' if check.voids else 'found'}: {load_in_words(f'`{load.variant}`', load.rows_per_request)}, "
        f"{check.name}: {check.detail}"
        for load, check in checks
        if check.passed is False
    ]
    count = sum(check.passed is True for _, check in checks)
    unmade = sum(check.passed is None for _, check in checks)
    summary = f"{count} of {len(checks) - unmade} checks passed; {unmade} could not be made."
    return [summary, *([_sentences(failed)] if failed else [])]
