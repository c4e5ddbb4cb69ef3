"""The command `python -m loadtests compare before.json after.json`, whose exit code can gate a build."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from loadtests.cli.terminal import console
from loadtests.errors import LoadTestError
from loadtests.experiment.measured import rate_in_words
from loadtests.judge.change import SHARES, Change, Changes, in_sentences
from loadtests.judge.document import read
from loadtests.judge.regression import CONFIDENCE, TOLERANCE, compare
from loadtests.report.table import number

EPILOG = (
    "Example: python -m loadtests compare reports/main/report.json reports/mine/report.json --tolerance 0.1"
)


def compare_command(
    before: Annotated[Path, typer.Argument(help="report.json of the first run, or its folder.")],
    after: Annotated[Path, typer.Argument(help="report.json of the second run, or its folder.")],
    *,
    tolerance: Annotated[
        float, typer.Option(help="A change of speed below this share is the machine's: 0.05 is 5%.")
    ] = TOLERANCE,
    confidence: Annotated[
        float, typer.Option(help="Over all figures together, that what did not change is not told apart.")
    ] = CONFIDENCE,
    out: Annotated[Path | None, typer.Option(help="File for the comparison as JSON.")] = None,
) -> None:
    """Compare two reports of one machine: throughput, latency and accuracy of what both measured.

    Exit code 0: nothing is worse, as far as the intervals tell.
    1: something is, or the second report lacks what the first has.
    2: they cannot be compared, or have too few blocks to tell anything.
    """
    try:
        _check(tolerance, confidence)
        found = compare(read(before), read(after), tolerance=tolerance, confidence=confidence)
        if out is not None:
            _write(found, out)
    except LoadTestError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    _show(found, confidence)
    raise typer.Exit(2 if found.is_blind else 1 if found.is_worse else 0)


def _check(tolerance: float, confidence: float) -> None:
    if not 0 <= tolerance < 1:
        raise LoadTestError(f"--tolerance is {tolerance:g}; give a share from 0 on and below 1, as 0.05")
    if not 0 < confidence < 1:
        raise LoadTestError(f"--confidence is {confidence:g}; give a share between 0 and 1, as 0.95")


def _write(found: Changes, out: Path) -> None:
    text = json.dumps({"is_worse": found.is_worse, **asdict(found)}, indent=2) + "\n"
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LoadTestError(f"--out is {str(out)!r}, which cannot be written ({error.strerror})") from error


def _show(found: Changes, confidence: float) -> None:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    lines = [_line(change, confidence) for change in found.changes]
    for title in lines[0]:
        table.add_column(title, justify="left" if title in {"variant", "figure", "finding"} else "right")
    for line in lines:
        table.add_row(*line.values())
    terminal = console()
    terminal.print(table)
    for sentence in in_sentences(found):
        terminal.print(sentence, markup=False)


def _line(change: Change, confidence: float) -> dict[str, str]:
    return {
        "variant": change.variant,
        "rows": str(change.rows or ""),
        "figure": change.figure,
        "before": _figure(change, change.before),
        "after": _figure(change, change.after),
        f"after / before ({100 * confidence:g}% over all)": _interval(change),
        "finding": change.finding,
    }


def _figure(change: Change, value: float | None) -> str:
    if value is None:
        return "-"
    if change.figure in SHARES:
        return f"{value:.4f}"
    units = {"throughput": "/s", "peak": "/s", "cost": "/core-s"}
    unit = units.get(change.figure)
    return f"{rate_in_words(value)}{unit}" if unit else f"{number(value)} ms"


def _interval(change: Change) -> str:
    if change.value is None:
        return "-"
    if change.low is None or change.high is None:
        return f"{change.value:.3f}"
    sign = "+" if change.figure in SHARES else ""
    return f"{change.value:{sign}.3f} ({change.low:{sign}.3f} to {change.high:{sign}.3f})"
