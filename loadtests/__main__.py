"""The load tests' command line: `python -m loadtests run --models models`."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from bundle.errors import BundleError
from loadtests import cores, machine
from loadtests.errors import LoadTestError
from loadtests.generator import Schedule
from loadtests.report import Report
from loadtests.result import Result, Skipped
from loadtests.run import Plan, failed, run
from loadtests.table import cells
from loadtests.target import choose_bundle
from loadtests.verdict import judge

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)

_ONLY_IN_REPORT = {"req/s", "idle p50 ms"}  # a terminal is narrow
_LOG_WIDTH = 140  # of output that is no terminal


class _Bar:
    """Shows the run's progress in seconds of load."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def begin(self, variant: str, rows: int | None) -> None:
        doing = "starting the service" if rows is None else f"{rows} row{'s' * (rows > 1)} a request"
        self._bar.update(self._task, description=f"{variant}: {doing}")

    def advance(self, seconds: float) -> None:
        self._bar.update(self._task, advance=seconds)


@app.callback()
def main() -> None:
    """Measure throughput and latency against accuracy, under real HTTP load."""


@app.command("run")
def run_command(
    *,
    models: Annotated[Path, typer.Option(help="Folder of the models.")] = Path("models"),
    model: Annotated[str | None, typer.Option(help="Model; not needed where there is only one.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Version; by default the newest.")] = None,
    variants: Annotated[str, typer.Option(help="Variants, comma-separated; by default all there are.")] = "",
    rows: Annotated[str, typer.Option(help="Rows in a request, comma-separated.")] = "1,32",
    users: Annotated[int, typer.Option(min=1, help="Users, each with one connection.")] = 16,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds measured, for each load.")] = 20.0,
    warmup: Annotated[float, typer.Option(min=0, help="Seconds thrown away before.")] = 2.0,
    out: Annotated[Path, typer.Option(help="Folder for the report; made if missing.")] = Path(
        "reports/latest"
    ),
    host: Annotated[
        str | None, typer.Option(help="A service that is running, instead of one started for each variant.")
    ] = None,
) -> None:
    """Load each variant in turn, and write report.json, report.md and tradeoff.png.

    Example: python -m loadtests run --models models --variants float32,int8 --rows 1,32 --out reports/x
    """
    # Without it, a polite kill would end this process and leave its children.
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console(width=None if sys.stdout.isatty() else _LOG_WIDTH)
    try:
        bundle = choose_bundle(models, model, version)
        plan = Plan(
            models=models,
            bundle=bundle,
            variants=tuple(bundle.variant(name).name for name in _names(variants))
            or tuple(variant.name for variant in bundle.manifest.variants),
            rows=_row_counts(rows),
            schedule=Schedule(users, warmup, duration),
            out=out,
            cores=cores.choose(),
            host=host,
        )
        _make_folder(out)
        outcomes = _measure(plan, console)
        results = [one for one in outcomes if isinstance(one, Result)]
        skipped = [one for one in outcomes if isinstance(one, Skipped)]
        if not results:
            raise LoadTestError("; ".join(dict.fromkeys(f"{one.variant}: {one.reason}" for one in skipped)))
    except (LoadTestError, BundleError) as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        print("interrupted: nothing was reported, and what was started has been stopped", file=sys.stderr)
        raise typer.Exit(130) from None
    command = shlex.join(["python", "-m", "loadtests", *sys.argv[1:]])
    report = Report(plan, results, skipped, judge(results), machine.describe(), command)
    path = report.write()
    _show(report, console)
    console.print(f"report: {path}", soft_wrap=True)
    raise typer.Exit(1 if failed(outcomes) else 0)


def _measure(plan: Plan, console: Console) -> list[Result | Skipped]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        return list(run(plan, _Bar(bar, bar.add_task("", total=plan.seconds))))


def _show(report: Report, console: Console) -> None:
    rows = [cells(result, report.verdict.dominated) for result in report.results]
    table = Table(title=report.title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    titles = [title for title in rows[0] if title not in _ONLY_IN_REPORT]
    for title in titles:
        whole = title != "note"
        table.add_column(title, justify="left" if title in {"variant", "note"} else "right", no_wrap=whole)
    for row in rows:
        table.add_row(*(row[title] for title in titles))
    console.print(table)
    for one in report.skipped:
        console.print(f"not measured: {one.variant}: {one.reason}", markup=False)
    for sentence in report.verdict.sentences:
        console.print(sentence.replace("`", ""), markup=False)


def _names(text: str) -> Sequence[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _row_counts(text: str) -> tuple[int, ...]:
    names = _names(text)
    if not names or not all(name.isdecimal() and int(name) > 0 for name in names):
        raise LoadTestError(f"--rows is {text!r}; give whole numbers from 1 on, comma-separated, as 1,32")
    return tuple(dict.fromkeys(map(int, names)))


def _make_folder(out: Path) -> None:
    try:
        (out / "samples").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoadTestError(
            f"--out is {str(out)!r}, where no folder can be made ({error.strerror})"
        ) from error


def _refuse(message: str) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    raise typer.Exit(2)


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    app()
