"""The command `python -m loadtests run`: measures, writes the report, and ends with the exit code."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import NoReturn

import typer

from bundle.errors import BundleError
from loadtests.cli import terminal
from loadtests.cli.options import RunOptions, command
from loadtests.errors import LoadTestError
from loadtests.experiment.measured import ScoredLoad, Skipped
from loadtests.experiment.run import failed, run
from loadtests.protocol.address import without_secret
from loadtests.report.writer import Report
from loadtests.rig import interruption, machine

EPILOG = (
    "Example: python -m loadtests run --models models --variants float32,int8 --rows 1,32 --out reports/x\n\n"
    "Example: python -m loadtests run --scenario server --rows 1 --find-peak --p99-ms 10"
)


@command
def run_command(options: RunOptions) -> None:
    """Load the variants in interleaved rounds; write report.html, and the same as JSON, Markdown, CSV, SVG.

    Exit code 0: measured. 1: a variant failed, a run is void, a check found something, or the budget is not
    met. 2: a mistake in what was asked.
    """
    interruption.heed()
    console = terminal.console()
    try:
        budget, plan = options.budget, options.plan()
        _make_folder(plan.out)
        with terminal.bar(console, plan.seconds) as bar:
            outcomes = list(run(plan, bar))
        measured = [one for one in outcomes if isinstance(one, ScoredLoad)]
        skipped = [one for one in outcomes if isinstance(one, Skipped)]
        if not measured:
            reasons = "; ".join(dict.fromkeys(f"{one.variant}: {one.reason}" for one in skipped))
            _refuse(reasons, 1 if failed(outcomes) else 2)
    except (LoadTestError, BundleError) as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing was reported, and what was started has been stopped", err=True)
        raise typer.Exit(interruption.CODE) from None
    again = without_secret(shlex.join(["python", "-m", "loadtests", *sys.argv[1:]]))
    report = Report(plan, measured, skipped, machine.describe(), again, budget)
    path = report.write()
    terminal.show(report, console)
    console.print(f"report: {path}", soft_wrap=True)
    raise typer.Exit(1 if failed(outcomes) or not report.verdict.is_good else 0)


def _make_folder(out: Path) -> None:
    try:
        (out / "samples").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoadTestError(
            f"--out is {str(out)!r}, where no folder can be made ({error.strerror})"
        ) from error


def _refuse(message: str, code: int = 2) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)
