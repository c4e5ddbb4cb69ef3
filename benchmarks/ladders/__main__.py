"""The suite's command line: `python -m benchmarks.ladders`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated

import typer

from benchmarks.endings import errors_told
from benchmarks.errors import BenchmarkError
from benchmarks.ladders.entries import ENTRIES, Entry
from benchmarks.ladders.ladder import Ladder
from benchmarks.ladders.maker import Maker
from benchmarks.ladders.picture import draw
from benchmarks.ladders.table import page, table
from benchmarks.names import chosen
from bundle.errors import BundleError
from loadtests.rig import interruption, machine
from loadtests.rig.occupation import occupied

_NAMES = tuple(entry.name for entry in ENTRIES)
_DATA_HELP = (
    "Folder of data sets: "
    + ", ".join(dict.fromkeys(file for entry in ENTRIES for file in entry.files))
    + ". What needs one that is not there is left out."
)
_EPILOG = (
    "Example: python -m benchmarks.ladders --data-dir data\n\n"
    'Example: python -m benchmarks.ladders --only mnist1d --train "--epochs 2 --variants int8"'
)
_LIBRARIES = ("ai-edge-litert", "ai-edge-quantizer", "keras", "tensorflow-cpu", "tensorflow")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog=_EPILOG)
def main(
    *,
    only: Annotated[
        str, typer.Option(help=f"Ladders, comma-separated: {', '.join(_NAMES)}.", show_default="all")
    ] = ",".join(_NAMES),
    data_dir: Annotated[Path | None, typer.Option(help=_DATA_HELP)] = None,
    train: Annotated[str, typer.Option(help="More options for each training, as a shell has them.")] = "",
    out: Annotated[
        Path, typer.Option(help="Folder for ladders.md and ladders.png, the models, figures and logs.")
    ] = Path("reports/ladders"),
) -> None:
    """Make the ladder of each data set, and one table and one picture of all of them, with verdicts.

    Ends with 1 where one of them could not be made: the others are reported all the same.
    """
    interruption.heed()
    with errors_told(out, interrupted="interrupted: what was made until then is reported"):
        names = chosen("--only", only, _NAMES)
        entries = [entry for entry in ENTRIES if entry.name in names]
        if data_dir is not None and not data_dir.is_dir():
            raise BenchmarkError(f"--data-dir is {str(data_dir)!r}, which is not a folder")
        out.mkdir(parents=True, exist_ok=True)
        with occupied(out):
            failed = _make_all(entries, Maker(data_dir, out, shlex.split(train)))
    raise typer.Exit(1 if failed else 0)


def _make_all(entries: Sequence[Entry], maker: Maker) -> bool:
    """Make them one after another, report after each, and return whether one failed."""
    ladders: list[Ladder] = []
    notes: list[str] = []
    failed = False
    for number, entry in enumerate(entries, start=1):
        place = f"[{number}/{len(entries)}]"
        if (reason := entry.lacks(maker.data_dir)) is not None:
            typer.echo(f"{place} left out: {reason}")
            notes.append(f"Left out: {reason}.")
            continue
        typer.echo(f"{place} {entry.name}: python -m training {shlex.join(maker.words(entry))}")
        begun = monotonic()
        try:
            ladders.append(maker.make(entry))
        except (BenchmarkError, BundleError) as error:
            failed = True
            typer.echo(f"{place} failed: {error}", err=True)
            notes.append(f"Failed: {entry.name}; its log says why.")
            continue
        typer.echo(f"{place} {len(ladders[-1].rungs)} variants in {monotonic() - begun:.0f} s")
        _report(ladders, notes, maker.out)
    if ladders:
        _report(ladders, notes, maker.out)
        typer.echo("\n".join(["", *table(ladders), "", f"report: {maker.out / 'ladders.md'}"]))
    return failed


def _report(ladders: Sequence[Ladder], notes: Sequence[str], out: Path) -> None:
    known = machine.describe(_LIBRARIES)
    libraries = ", ".join(f"{name} {version}" for name, version in known["libraries"].items())
    cores, load = machine.counted(known["cores"], "core"), machine.load_average()
    conditions = (
        f"Made by `python -m benchmarks.ladders` on {known['cpu']}, {cores}, "
        f"load {'unknown' if load is None else load} at the end; {libraries}. "
        "Times are of one thread, without a server; a machine that had other work makes them wide."
    )
    (out / "ladders.md").write_text(page(ladders, conditions, notes), encoding="utf-8")
    draw(ladders, out / "ladders.png")


if __name__ == "__main__":
    app()
