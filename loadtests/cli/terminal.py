"""What `run` shows in a terminal: how far it is, and what it came to, the answer last."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
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
from loadtests.report.table import LEFT, LEGEND, SPEED_RATIO, lines, remarks
from loadtests.rig import interruption

_ONLY_IN_REPORT = ("req/s", "idle p50 ms")
# In this order, where a terminal is narrow.
_DISPENSABLE = (
    *("memory MB", "model", "effective", "p50 ms", "failed", "accuracy (95%)", SPEED_RATIO),
    *("file KB", "rows/s", "grade", "p99 ms"),
)
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
    terminal.print(_table(document, terminal.width))
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


def _table(document: Document, most: int) -> Table:
    """Return the loads as a table, of as many columns as there is room for."""
    rows, verdict = lines(document), document.verdict
    widths = {title: max(map(len, [title, *(row[title] for row in rows)])) for title in rows[0]}
    widths["note"] = min(widths["note"], _NOTE_WIDTH)
    for title in _ONLY_IN_REPORT:
        widths.pop(title, None)
    for title in _DISPENSABLE:
        if sum(widths.values()) + 2 * len(widths) + 2 > most:
            widths.pop(title, None)
    table = Table(
        title=document.title,
        caption=LEGEND,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for title in widths:
        justify: Literal["left", "right"] = "left" if title in LEFT else "right"
        table.add_column(title, justify=justify, no_wrap=title != "note", overflow="fold")
    for row in rows:
        name = row["variant"]
        style = "bold" if name == verdict.recommended else "dim" if name in verdict.dominated else None
        table.add_row(*(row[title] for title in widths), style=style)
    return table


def _plain(sentence: str) -> str:
    return sentence.replace("`", "")
