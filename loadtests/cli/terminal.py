"""What `run` shows in a terminal: how far it is, and what it came to, the answer last."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from loadtests.experiment.forecast import in_words
from loadtests.judge.document import Document
from loadtests.report.next_command import next_lines
from loadtests.report.steps_table import rate_lines, worst_lines
from loadtests.report.table import (
    COST,
    COST_RATIO,
    LEFT,
    SPEED,
    SPEED_RATIO,
    deciding,
    legend,
    lines,
    remarks,
    title_of_accuracy,
)
from loadtests.rig import interruption

_ONLY_IN_REPORT = ("req/s", "idle p50 ms")
# What is shown where there is room, in this order; {} is accuracy, or the agreement that stands for it. What
# decides is always shown, but for a second ratio.
_OPTIONAL = (
    *("p99 ms", "grade", "file KB", "of interpreter", SPEED, SPEED_RATIO, COST, COST_RATIO),
    *(
        title_of_accuracy("{}"),
        "failed",
        "p90 ms",
        "p50 ms",
        "uncorrected p99",
        "effective",
        "model",
        "memory MB",
    ),
)
_NARROW = 110  # columns: below, notes stand under the table, and one space between what is in it
_NOTE_WIDTH = 25  # a longer note is folded
_LOG_WIDTH = 140  # of output that is no terminal


class Bar:
    """Shows the run's progress in seconds, and sees at each step whether it is to go on."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def begin(self, variant: str, doing: str) -> None:
        interruption.check()
        self._bar.update(self._task, description=f"{variant}: {doing}")

    def announce(self, seconds: float, warnings: Sequence[str]) -> None:
        done = self._bar.tasks[self._task].completed
        self._bar.update(self._task, total=done + seconds)
        self._bar.console.print(f"expected to take about {in_words(seconds)} from now on", highlight=False)
        for warning in warnings:
            self._bar.console.print(f"warning: {warning}", markup=False, highlight=False)

    def advance(self, seconds: float) -> None:
        interruption.check()
        self._bar.update(self._task, advance=seconds)

    def expect(self, seconds: float) -> None:
        total = self._bar.tasks[self._task].total or 0.0
        self._bar.update(self._task, total=total + seconds)


def console() -> Console:
    """Return the terminal, or the log that takes its place."""
    return Console(width=None if sys.stdout.isatty() else _LOG_WIDTH, markup=False)


@contextmanager
def bar(terminal: Console, seconds: float) -> Iterator[Bar]:
    """Show a bar for so many seconds of load, until they are over."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=terminal, transient=True) as progress:
        yield Bar(progress, progress.add_task("", total=seconds))


def show(document: Document, path: Path, terminal: Console) -> None:
    """Print the table of the loads, what was not measured, the notes; and last the answer, and what to do."""
    rows = lines(document)
    is_narrow = terminal.width < _NARROW
    terminal.print(_table(document, rows, terminal.width, is_narrow=is_narrow))
    for load, row in zip(document.results, rows, strict=True):
        if is_narrow and row["note"]:
            terminal.print(f"{load.name}: {row['note']}", highlight=False)
    _show_steps(document, terminal)
    if document.partial:
        terminal.print(f"PARTIAL: {document.partial}")
    for one in document.skipped:
        terminal.print(f"not measured: {one.variant}: {one.reason}")
    for sentence in remarks(document):
        terminal.print(f"- {_plain(sentence)}", highlight=False)
    terminal.print()
    terminal.print(_plain(document.verdict.sentences[0]), style="bold", highlight=False)
    for line in (f"report: {path}", *next_lines(document)):
        terminal.print(line, soft_wrap=True, highlight=False)


def _table(document: Document, rows: Sequence[Mapping[str, str]], most: int, *, is_narrow: bool) -> Table:
    """Return the loads as a table, of as many columns as there is room for."""
    verdict, gap = document.verdict, 1 if is_narrow else 2
    known = {title: max(map(len, [title, *(row[title] for row in rows)])) for title in rows[0]}
    known["note"] = min(known["note"], _NOTE_WIDTH)
    for title in (*_ONLY_IN_REPORT, *(["note"] if is_narrow else [])):
        known.pop(title, None)
    optional = [title for title in _optional(document) if title in known]
    kept = {title: width for title, width in known.items() if title not in optional}
    for title in optional:
        if sum(kept.values()) + known[title] + gap * (len(kept) + 1) < most:
            kept[title] = known[title]
    titles = [title for title in known if title in kept]
    table = Table(
        title=document.title,
        caption=legend(titles, document.yardstick),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, gap - 1, 0, 0),
    )
    for title in titles:
        justify: Literal["left", "right"] = "left" if title in LEFT else "right"
        table.add_column(title, justify=justify, no_wrap=title != "note", overflow="fold")
    for row in rows:
        name = row[document.noun]
        style = "bold" if name == verdict.recommended else "dim" if name in verdict.dominated else None
        table.add_row(*(row[title] for title in titles), style=style)
    return table


def _show_steps(document: Document, terminal: Console) -> None:
    """Print what became of the rows at each rate, where there are several."""
    tables = [rate_lines(document, rows) for rows in document.rows]
    for found in (*tables, worst_lines(document)):
        if found:
            table = Table(box=box.SIMPLE_HEAD)
            for title in found[0]:
                table.add_column(title, justify="left" if title in LEFT else "right", overflow="fold")
            for line in found:
                table.add_row(*line.values())
            terminal.print(table)


def _optional(document: Document) -> list[str]:
    """Return the titles of what may be left out, what is missed most first."""
    needed = deciding(document)
    second = needed[3:-1:2]  # after the first figure and its ratio: the ratios of others
    optional = [title.format(document.yardstick.figure) for title in _OPTIONAL]
    return [*second, *(title for title in optional if title not in needed)]


def _plain(sentence: str) -> str:
    return sentence.replace("`", "")
