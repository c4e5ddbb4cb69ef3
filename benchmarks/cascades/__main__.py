"""The command line of the comparison with single rungs: `python -m benchmarks.cascades`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.cascades.contest import Contest, contest
from benchmarks.cascades.entries import ENTRIES, Aimed
from benchmarks.cascades.table import sentences, table
from benchmarks.cascades.timing import TURN_S, time_all
from benchmarks.endings import errors_told
from benchmarks.errors import BenchmarkError
from benchmarks.ladders.maker import Maker
from benchmarks.measure.rounds import Samples
from benchmarks.names import chosen
from bundle.errors import BundleError
from bundle.store import ModelStore
from evidence.paired import MARGIN
from loadtests.rig import cores, interruption, machine
from loadtests.rig.occupation import occupied

_NAMES = tuple(entry.ladder.name for entry in ENTRIES)
_LIBRARIES = ("ai-edge-litert", "numpy", "tensorflow", "tensorflow-cpu")
_EPILOG = (
    "Example: python -m benchmarks.cascades --data-dir data\n\n"
    "Example: python -m benchmarks.cascades --data-dir data --only cifar10 --rows 128"
)

app = typer.Typer(add_completion=False, help=__doc__, pretty_exceptions_enable=False)


@app.command(epilog=_EPILOG)
def main(
    *,
    data_dir: Annotated[
        Path, typer.Option(help="Folder of data sets: fashion-mnist, cifar10.npz, mlperf-tiny.")
    ],
    only: Annotated[
        str, typer.Option(help=f"Ladders, comma-separated: {', '.join(_NAMES)}.", show_default="all")
    ] = ",".join(_NAMES),
    rows: Annotated[int, typer.Option(min=1, max=4096, help="Rows in a call.")] = 32,
    rounds: Annotated[int, typer.Option(min=2, help=f"Turns of {TURN_S:g} s that each rung has.")] = 30,
    out: Annotated[
        Path, typer.Option(help="Folder for cascades.md, cascades.json and the models; those there are used.")
    ] = Path("reports/cascades"),
) -> None:
    """Set the cascade of each ladder against its rungs alone: accuracy with verdicts, and rows a core-second.

    The ladders are published as a user publishes them, and every rung is timed in turn on one core. Ends with
    1 where an aim is missed.
    """
    interruption.heed()
    with errors_told(out, BundleError):
        names = chosen("--only", only, _NAMES)
        entries = [entry for entry in ENTRIES if entry.ladder.name in names]
        if lacking := [reason for one in entries if (reason := one.ladder.lacks(data_dir)) is not None]:
            raise BenchmarkError("; ".join(lacking))
        out.mkdir(parents=True, exist_ok=True)
        with occupied(out), tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bench = _Bench(Maker(data_dir, out), rows, rounds, Path(folder), typer.echo)
            measured = {entry: bench.measure(entry) for entry in entries}
        lines = list(_page(measured, rows, rounds))
        (out / "cascades.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        content = {entry.ladder.name: _plain(*of) for entry, of in measured.items()}
        (out / "cascades.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    typer.echo("\n".join(["", *lines, "", f"report: {out / 'cascades.md'}"]))
    raise typer.Exit(0 if all(one.reaches(entry.aim) for entry, (one, _) in measured.items()) else 1)


@dataclass(frozen=True)
class _Bench:
    """What it takes to measure a ladder."""

    maker: Maker
    rows: int
    rounds: int
    folder: Path
    say: Callable[[str], None]

    def measure(self, entry: Aimed) -> tuple[Contest, Samples]:
        """Publish a ladder where it is not there yet, and measure it. Raises BenchmarkError, BundleError."""
        name, store = entry.ladder.name, ModelStore(self.maker.models)
        if not store.versions(name):
            self.say(f"{name}: python -m training {' '.join(self.maker.words(entry.ladder))}")
            self.maker.make(entry.ladder)
        bundle = store.open(name)
        self.say(f"{name}: timing {len(bundle.manifest.variants)} rungs in turn")
        folder = self.folder / name
        folder.mkdir()
        samples = time_all(
            bundle,
            rows=self.rows,
            rounds=self.rounds,
            core=cores.choose().server,
            folder=folder,
            say=lambda text: interruption.check(),
        )
        return contest(bundle, MARGIN, self.rows, samples), samples


def _page(measured: dict[Aimed, tuple[Contest, Samples]], rows: int, rounds: int) -> Iterator[str]:
    here = machine.describe(_LIBRARIES)
    libraries = ", ".join(f"{name} {version}" for name, version in here["libraries"].items())
    yield "# Cascades"
    yield ""
    yield (
        f"{here['cpu']}, {machine.counted(here['cores'], 'core')}, load {machine.load_average()} at the end; "
        f"Python {here['python']}; {libraries}. Processor time on one core, {rounds} turns of {TURN_S:g} s "
        f"in alternation, calls of {rows} rows, all test rows one after another. Margin {MARGIN:g}; "
        "differences are paired, with Tango's intervals; rungs are judged together (Holm), cascades alone."
    )
    for entry, (one, _) in measured.items():
        yield from ("", f"## {entry.ladder.data}; {entry.ladder.model}", "")
        yield from table(one)
        yield from ("", *(f"- {text}" for text in sentences(one, entry.aim)))


def _plain(one: Contest, samples: Samples) -> dict[str, Any]:
    return {
        "best": one.best,
        "usual": one.usual,
        "ratios": {name: asdict(ratio) for name, ratio in one.ratios.items()},
        "cascade_against_usual": None if one.against_usual is None else asdict(one.against_usual),
        "contenders": [asdict(contender) for contender in one.contenders],
        "samples": {name: [asdict(sample) for sample in of] for name, of in samples.items()},
    }


if __name__ == "__main__":
    app()
