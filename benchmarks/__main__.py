"""The benchmark's command line: `python -m benchmarks`."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from benchmarks.endings import errors_told
from benchmarks.errors import BenchmarkError
from benchmarks.load.choice import choose
from benchmarks.names import chosen
from benchmarks.parts import (
    auto,
    bulk,
    cascade,
    engine,
    generator,
    overload,
    peers,
    reading,
    referee,
    shadow,
    siege,
    training,
    wide,
)
from benchmarks.peers.catalog import NAMES
from benchmarks.plan import Plan
from benchmarks.report.machine import describe
from benchmarks.report.result import Result
from benchmarks.report.writer import COLUMNS, Report, cells
from benchmarks.subjects.models import Models
from bundle.errors import BundleError
from loadtests.rig import cores, interruption
from loadtests.rig.occupation import occupied

PARTS: dict[str, tuple[str, Callable[[Plan, Result], None]]] = {
    "engine": ("One small row: the service against bare ASGI", engine.run),
    "wide": ("784 features: what the service adds to bare ASGI and the model", wide.run),
    "bulk": ("128 rows of 784 a request: the service against the model alone", bulk.run),
    "cascade": ("A cascade of two variants: against them, and the best by itself", cascade.run),
    "peers": ("One small row: the service against other servers", peers.run),
    "training": ("A whole training run: ours against Keras's fit", training.run),
    "reading": ("The largest data sets: the time to read them, and the memory", reading.run),
    "overload": ("More work than the service can do: up to three times its peak", overload.run),
    "siege": ("Clients that try again at once: from 64 to 1,000 connections, and a burst", siege.run),
    "generator": ("The load generator: ours against Locust's FastHttpUser and wrk", generator.run),
    "auto": ("A variant that the service chooses: what that costs against naming it", auto.run),
    "shadow": ("A variant in the shadow: what it costs who asks", shadow.run),
    "referee": ("The peak: our load test against MLCommons' LoadGen", referee.run),
}

_EPILOG = (
    "Example: python -m benchmarks\n\n"
    "Example: python -m benchmarks --only engine --rounds 3 --seconds 2\n\n"
    "Example: python -m benchmarks --only training --rounds 3 --data-dir fashion-mnist\n\n"
    "Example: python -m benchmarks --only peers --peers tutorial,triton --out reports/peers\n\n"
    "Example: python -m benchmarks --only peers --peers mosec,triton --together --rounds 15 --seconds 1"
)
_PARTS_HELP = f"Parts, comma-separated: {', '.join(PARTS)}."
_LOG_WIDTH = 120  # of output that is no terminal

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.command(epilog=_EPILOG)
def main(
    *,
    only: Annotated[str, typer.Option(help=_PARTS_HELP, show_default="all")] = ",".join(PARTS),
    rounds: Annotated[int, typer.Option(min=1, help="Times that each subject is measured.")] = 5,
    seconds: Annotated[
        float,
        typer.Option(min=0.1, help="Seconds that a subject is measured at a time; wrk takes whole ones."),
    ] = 3.0,
    some: Annotated[str, typer.Option("--peers", help="Peers, comma-separated.")] = ",".join(NAMES),
    together: Annotated[
        bool, typer.Option("--together", help="Measure the peers, and bare ASGI, in one run.")
    ] = False,
    models: Annotated[Path, typer.Option(help="Folder of models; what is missing is trained.")] = Path(
        "models"
    ),
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of Fashion-MNIST's files; without it they are downloaded.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for bench.json and bench.md.")] = Path("reports/bench"),
) -> None:
    """Compare the service with bare ASGI, the bare model, and other servers, in interleaved rounds.

    The server runs on the first core, and its load on the second: nothing else should. wrk sends the load,
    or a closed loop of ours where it is not installed. Ends with 1 where a figure misses its aim, or a run
    counts for nothing, and with 130 where it is interrupted: the parts that were finished are reported.
    """
    interruption.heed()
    console = Console(width=None if sys.stdout.isatty() else _LOG_WIDTH)
    with errors_told(out):
        names = chosen("--only", only, tuple(PARTS))
        wanted = chosen("--peers", some, NAMES)
        out.mkdir(parents=True, exist_ok=True)
        with (
            occupied(out),
            tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
            console.status("starting") as status,
        ):
            bound = cores.choose()
            plan = Plan(
                models=Models(models, data_dir),
                rounds=rounds,
                seconds=seconds,
                cores=bound,
                client=choose(bound.load),
                logs=Path(folder),
                say=lambda text: _step(status, text),
                peers=wanted,
                together=together,
            )
            report = _measure(names, plan, console)
            paths = report.write(out)
    console.print(f"report: {', '.join(map(str, paths))}", soft_wrap=True, markup=False)
    if report.partial:
        console.print(f"PARTIAL: {report.partial}", markup=False)
        raise typer.Exit(interruption.CODE)
    raise typer.Exit(1 if any(result.is_bad for result in report.results) else 0)


def _measure(names: Sequence[str], plan: Plan, console: Console) -> Report:
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    before = describe(plan.cores, plan.client.name)
    results: list[Result] = []
    partial = ""
    try:
        for name in names:
            results.append(_run(name, plan, console))  # noqa: PERF401 - what is done by an interruption is kept
    except KeyboardInterrupt:
        interruption.heard()
        if not results:
            raise
        partial = f"it was interrupted: nothing is known of {', '.join(names[len(results) :])}."
    return Report(command, plan.rounds, plan.seconds, before, results, partial)


def _step(status: Status, text: str) -> None:
    """Show what comes next, if anything is to."""
    interruption.check()
    status.update(escape(text))


def _run(name: str, plan: Plan, console: Console) -> Result:
    title, run = PARTS[name]
    result = Result(name, title)
    try:
        run(plan, result)
    except (BenchmarkError, BundleError) as error:
        result.void.append(str(error))  # and not the end: other parts may have run for minutes
    _show(result, console)
    return result


def _show(result: Result, console: Console) -> None:
    table = Table(title=result.title, box=box.SIMPLE_HEAD)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column in {"figure", "met"} else "right")
    for figure in result.figures:
        style = {None: "dim", True: "green", False: "red"}[figure.is_met]
        table.add_row(*cells(figure), style=style)
    console.print(table)
    for note in result.notes:
        console.print(f"not measured: {note}", markup=False)
    for reason in result.void:
        console.print(f"void: {reason}", markup=False, style="red")


if __name__ == "__main__":
    app()
