"""The load tests' command line: `python -m loadtests run --models models`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from bundle.errors import BundleError
from bundle.store import Bundle
from loadtests.cli.compare import EPILOG, compare_command
from loadtests.errors import LoadTestError
from loadtests.experiment.plan import BOUND_MS, ROUNDS, Plan, Schedule
from loadtests.experiment.result import Result, Skipped
from loadtests.experiment.run import failed, run
from loadtests.judge.budget import Budget
from loadtests.report.table import LEFT, cells
from loadtests.report.writer import Report
from loadtests.rig import cores, interruption, machine
from loadtests.workload.payloads import held_out, rows_within
from loadtests.workload.scenarios import OFFLINE_BODY_BYTES, OFFLINE_ROWS, SCENARIOS
from loadtests.workload.target import choose_bundle

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)

_ONLY_IN_REPORT = ("req/s", "idle p50 ms")
# In this order, where a terminal is narrow.
_DISPENSABLE = ("MB", "model", "failed", "effective", "rows/s", "KB")
_NOTE_WIDTH = 25  # a longer note is folded
_EPILOG = (
    "Example: python -m loadtests run --models models --variants float32,int8 --rows 1,32 --out reports/x\n\n"
    "Example: python -m loadtests run --scenario server --rows 1 --find-peak --p99-ms 10"
)
_LOG_WIDTH = 140  # of output that is no terminal


class _Bar:
    """Shows the run's progress in seconds of load."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar = bar
        self._task = task

    def begin(self, variant: str, doing: str) -> None:
        self._bar.update(self._task, description=f"{variant}: {doing}")

    def advance(self, seconds: float) -> None:
        self._bar.update(self._task, advance=seconds)

    def expect(self, seconds: float) -> None:
        total = self._bar.tasks[self._task].total or 0.0
        self._bar.update(self._task, total=total + seconds)


@app.callback()
def main() -> None:
    """Measure throughput and latency against accuracy, under real HTTP load."""


@app.command("run", epilog=_EPILOG)
def run_command(
    *,
    models: Annotated[Path, typer.Option(help="Folder of the models.")] = Path("models"),
    model: Annotated[str | None, typer.Option(help="Model; not needed where there is only one.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Version; by default the newest.")] = None,
    variants: Annotated[str, typer.Option(help="Variants, comma-separated; by default all there are.")] = "",
    scenario: Annotated[str, typer.Option(help=f"One of {', '.join(SCENARIOS)}.")] = "users",
    rows: Annotated[
        str | None,
        typer.Option(
            help=f"Rows in a request, comma-separated; by default 1,32, or if offline {OFFLINE_ROWS}, fewer "
            "where they are long."
        ),
    ] = None,
    users: Annotated[int, typer.Option(min=1, help="Users, each with one connection.")] = 16,
    think: Annotated[float, typer.Option(min=0, help="Seconds that a user thinks between requests.")] = 0.0,
    rate: Annotated[
        float | None,
        typer.Option(min=1, help="Arrivals a second of `server`; where --find-peak begins."),
    ] = None,
    connections: Annotated[
        int, typer.Option(min=0, help="The most that `server` may open; 0 for as many as it takes.")
    ] = 0,
    find_peak: Annotated[
        bool, typer.Option(help="With `server`: look for the highest rate that holds --p99-ms.")
    ] = False,
    profile: Annotated[
        bool,
        typer.Option(help="With `server`: look for the peak, and draw the curve of rates up to beyond it."),
    ] = False,
    duration: Annotated[
        float, typer.Option(min=0.1, help="Seconds measured, for each load; shared out over the rounds.")
    ] = 20.0,
    rounds: Annotated[
        int, typer.Option(min=1, help="Turns of each variant; two more where it is not steady.")
    ] = ROUNDS,
    warmup: Annotated[float, typer.Option(min=0, help="Seconds thrown away before each round.")] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Of the arrivals and the audits.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the report; made if missing.")] = Path(
        "reports/latest"
    ),
    host: Annotated[
        str | None, typer.Option(help="A service that is running, instead of one started for each variant.")
    ] = None,
    p99_ms: Annotated[
        float | None,
        typer.Option(
            help="Budget: the longest p99, in milliseconds; later answers are late. Where lateness is part "
            f"of the figure (ramp, spike, --find-peak, --profile), {BOUND_MS:g} if it is not given."
        ),
    ] = None,
    min_accuracy: Annotated[float | None, typer.Option(help="Budget: the least accuracy, as 0.95.")] = None,
    min_rps: Annotated[float | None, typer.Option(help="Budget: the fewest requests a second.")] = None,
    max_mb: Annotated[
        float | None, typer.Option(help="Budget: the largest file of a variant, in MB.")
    ] = None,
) -> None:
    """Load the variants in interleaved rounds; write report.html, and the same as JSON, Markdown, CSV, PNG.

    Exit code 0: measured. 1: a variant failed, a run is void, a check found something, or the budget is not
    met. 2: a mistake in what was asked.
    """
    interruption.heed()
    console = Console(width=None if sys.stdout.isatty() else _LOG_WIDTH)
    try:
        budget = Budget(p99_ms, min_accuracy, min_rps, max_mb)
        bundle = choose_bundle(models, model, version)
        plan = Plan(
            models=models,
            bundle=bundle,
            variants=tuple(bundle.variant(name).name for name in _names(variants))
            or tuple(variant.name for variant in bundle.manifest.variants),
            rows=_row_counts(rows or _default_rows(bundle, scenario)),
            schedule=Schedule(users, warmup, duration),
            out=out,
            cores=cores.choose(),
            host=host,
            scenario_name=_scenario(scenario, find_peak=find_peak, profile=profile),
            rounds=rounds,
            think_s=think,
            rate=rate,
            connections=connections,
            seed=seed,
            p99_ms=p99_ms,
            find_peak=find_peak,
            profile=profile,
        )
        _make_folder(out)
        outcomes = _measure(plan, console)
        results = [one for one in outcomes if isinstance(one, Result)]
        skipped = [one for one in outcomes if isinstance(one, Skipped)]
        if not results:
            reasons = "; ".join(dict.fromkeys(f"{one.variant}: {one.reason}" for one in skipped))
            _refuse(reasons, 1 if failed(outcomes) else 2)
    except (LoadTestError, BundleError) as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        print("interrupted: nothing was reported, and what was started has been stopped", file=sys.stderr)
        raise typer.Exit(interruption.CODE) from None
    command = shlex.join(["python", "-m", "loadtests", *sys.argv[1:]])
    report = Report(plan, results, skipped, machine.describe(), command, budget)
    path = report.write()
    _show(report, console)
    console.print(f"report: {path}", soft_wrap=True)
    raise typer.Exit(1 if failed(outcomes) or not report.verdict.is_good else 0)


app.command("compare", epilog=EPILOG)(compare_command)


def _measure(plan: Plan, console: Console) -> list[Result | Skipped]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        return list(run(plan, _Bar(bar, bar.add_task("", total=plan.seconds))))


def _show(report: Report, console: Console) -> None:
    rows = [cells(load, report.verdict.dominated) for load in report.loads]
    widths = {title: max(map(len, [title, *(row[title] for row in rows)])) for title in rows[0]}
    widths["note"] = min(widths["note"], _NOTE_WIDTH)
    for title in _ONLY_IN_REPORT:
        widths.pop(title, None)
    for title in _DISPENSABLE:
        if sum(widths.values()) + 2 * len(widths) + 2 > console.width:
            widths.pop(title, None)
    console.print(_table(rows, report.title, widths))
    for one in report.skipped:
        console.print(f"not measured: {one.variant}: {one.reason}", markup=False)
    for sentence in report.verdict.sentences:
        console.print(sentence.replace("`", ""), markup=False)


def _table(rows: Sequence[Mapping[str, str]], name: str, widths: Mapping[str, int]) -> Table:
    """Return the columns of the loads that have a width as a table."""
    table = Table(title=name, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in widths:
        justify: Literal["left", "right"] = "left" if title in LEFT else "right"
        table.add_column(title, justify=justify, no_wrap=title != "note", overflow="fold")
    for row in rows:
        table.add_row(*(row[title] for title in widths))
    return table


def _scenario(name: str, *, find_peak: bool, profile: bool) -> str:
    if name not in SCENARIOS:
        raise LoadTestError(f"--scenario is {name!r}; there are {', '.join(SCENARIOS)}")
    if (find_peak or profile) and name != "server":
        option = "--find-peak" if find_peak else "--profile"
        raise LoadTestError(f"{option} is for --scenario server, an open loop; the scenario is {name!r}")
    return name


def _names(text: str) -> Sequence[str]:
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _default_rows(bundle: Bundle, scenario: str) -> str:
    if scenario != "offline":
        return "1,32"
    x, _ = held_out(bundle)
    return str(rows_within(x, OFFLINE_ROWS, OFFLINE_BODY_BYTES))


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


def _refuse(message: str, code: int = 2) -> NoReturn:
    print(f"error: {message}", file=sys.stderr)
    raise typer.Exit(code)


if __name__ == "__main__":
    app()
