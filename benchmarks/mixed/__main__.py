"""The command line of the comparison with NNCF's accuracy control: `python -m benchmarks.mixed`."""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from benchmarks.endings import errors_told
from benchmarks.mixed.comparison import TURN_S, Asked, compare
from benchmarks.mixed.report import Report
from bundle.errors import BundleError
from loadtests.rig import interruption
from loadtests.rig.occupation import occupied

RUNGS = "float32,dynamic_int8,int8,weight_int4"

_EPILOG = (
    "Example: python -m benchmarks.mixed --model cnn --data mnist1d\n\n"
    "Example: python -m benchmarks.mixed --model net.tflite --data cifar10.npz --max-accuracy-drop 0.005\n\n"
    "Example: python -m benchmarks.mixed --model mlp --data flowers.csv -- --label species --hidden 128,64"
)

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.command(epilog=_EPILOG)
def main(
    *,
    model: Annotated[str, typer.Option(help="A model to import; or mlp, cnn or rnn, to train one.")],
    data: Annotated[str, typer.Option(help="A data set, as `python -m training` takes it.")],
    max_accuracy_drop: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="The budget, on validation rows.")
    ] = 0.005,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of Fashion-MNIST's files.")] = None,
    rungs: Annotated[str, typer.Option(help="The uniform rungs, comma-separated.")] = RUNGS,
    rounds: Annotated[int, typer.Option(min=1, help=f"Turns of {TURN_S:g} s that each graph has.")] = 20,
    out: Annotated[Path, typer.Option(help="Folder for mixed.json, mixed.md and the models.")] = Path(
        "reports/mixed"
    ),
    more: Annotated[
        list[str] | None, typer.Argument(metavar="-- OPTIONS", help="More that `python -m training` is told.")
    ] = None,
) -> None:
    """Compare our mixed rung with the uniform ones and with NNCF's accuracy control, on one float model.

    NNCF has the budget and the very calibration and validation rows that ours had, in an environment of its
    own that is built once. All are scored on the same test rows, and timed in turns on one core. Ends with 1
    where an aim is missed.
    """
    interruption.heed()
    console = Console(width=None if sys.stdout.isatty() else 120)
    asked = Asked(model, data, max_accuracy_drop, rungs, data_dir, tuple(more or ()), rounds)
    with errors_told(out, BundleError):
        out.mkdir(parents=True, exist_ok=True)
        with (
            occupied(out),
            tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder,
            console.status("starting") as status,
        ):
            told = _Told(console, status)
            compared = compare(asked, out / "models", Path(folder), step=told.step, say=told.say)
            report = Report(shlex.join(["python", "-m", "benchmarks.mixed", *sys.argv[1:]]), asked, compared)
            paths = report.write(out)
    for line in report.lines():
        console.print(line, soft_wrap=True, markup=False, highlight=False)
    console.print(f"report: {', '.join(map(str, paths))}", soft_wrap=True, markup=False)
    raise typer.Exit(0 if report.is_met else 1)


class _Told:
    """What is going on: a line for each step, and below them how far the step is."""

    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status

    def step(self, text: str) -> None:
        self._console.print(text, markup=False)
        self.say(text)

    def say(self, text: str) -> None:
        interruption.check()
        self._status.update(escape(text))


if __name__ == "__main__":
    app()
