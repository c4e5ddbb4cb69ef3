"""The command `python -m loadtests run`: measures, writes the report, and ends with the exit code."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from pydantic import JsonValue
from rich.console import Console

from bundle.errors import BundleError
from loadtests.cli import terminal
from loadtests.cli.options import RunOptions, command
from loadtests.errors import LoadTestError
from loadtests.experiment.plan import Plan
from loadtests.experiment.run import run
from loadtests.judge.bounds import Bounds
from loadtests.protocol.address import without_secret
from loadtests.report.writer import Report
from loadtests.rig import interruption, machine
from loadtests.rig.occupation import SCRATCH, InUseError, occupied

EPILOG = (
    "Example: python -m loadtests run --models models --variants float32,int8 --rows 1,32 --out reports/x\n\n"
    "Example: python -m loadtests run --scenario server --rows 1 --find-peak --p99-ms 10\n\n"
    "Example: python -m loadtests run --rows-from rows.npz --system ours=predict+http://localhost:8000/m "
    "--system theirs=oip+http://localhost:9000/digits"
)


@command
def run_command(options: RunOptions) -> None:
    """Load the variants in short turns until it is decided; write report.html, JSON, Markdown, CSV and SVG.

    Exit code 0: there is an answer.
    1: a bound is not held, auto is beaten, a request, variant or check failed.
    2: a mistake in what was asked.
    3: a load is void, so a figure is wrong; what the others tell is answered.
    130: interrupted; what was finished is reported, as partial.
    """
    interruption.heed()
    console = terminal.console()
    try:
        plan = options.plan()
        bounds = options.bounds(plan.weights)
        with _folder(plan.out):
            code = _run(plan, options.asked(plan), bounds, console)
    except (LoadTestError, BundleError) as error:
        _refuse(str(error))
    except OSError as error:  # a disk that is full, for one
        _refuse(f"{error.filename or options.out}: {error.strerror or error}")
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing was reported, and what was started has been stopped", err=True)
        raise typer.Exit(interruption.CODE) from None
    raise typer.Exit(code)


def _run(plan: Plan, asked: Mapping[str, JsonValue], bounds: Bounds, console: Console) -> int:
    """Measure, report, and return the exit code."""
    if plan.cores.caveat:
        console.print(f"note: {plan.cores.caveat}", soft_wrap=True, markup=False)
    with terminal.bar(console, plan.schedule.budget_s) as bar:
        outcomes = run(plan, bar)
    if not outcomes.measured:
        reasons = "; ".join(dict.fromkeys(f"{one.variant}: {one.reason}" for one in outcomes.skipped))
        _refuse(reasons, 1 if outcomes.failed else 2)
    again = without_secret(shlex.join(["python", "-m", "loadtests", *sys.argv[1:]]))
    report = Report(plan, asked, outcomes, machine.describe(), again, bounds)
    path = report.write()
    terminal.show(report.document, path, console)
    if outcomes.is_partial:
        return interruption.CODE
    return report.verdict.code(lost=any(one.failed for one in outcomes.skipped))


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """Make the folder of the report, and keep it to this run. Raises LoadTestError."""
    with ExitStack() as stack:
        try:
            (out / "samples").mkdir(parents=True, exist_ok=True)
            stack.enter_context(occupied(out))
        except InUseError as error:
            raise LoadTestError(
                f"--out is {str(out)!r}, into which {error} writes; give another folder"
            ) from None
        except OSError as error:
            raise LoadTestError(
                f"--out is {str(out)!r}, where no folder can be made ({error.strerror})"
            ) from error
        _clear(out)  # of a run that was killed
        # And of this one, where it was interrupted between the making of a folder and its `with`.
        stack.callback(_clear, out)
        yield


def _clear(out: Path) -> None:
    for left in out.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)


def _refuse(message: str, code: int = 2) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)
