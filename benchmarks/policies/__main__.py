"""The command line of the contest of policies: `python -m benchmarks.policies`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.endings import errors_told
from benchmarks.errors import BenchmarkError
from benchmarks.names import chosen
from benchmarks.policies import curves, picture
from benchmarks.policies.contest import Load, run, servers, systems_of
from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleError
from loadtests.rig import cores, interruption, machine
from loadtests.rig.occupation import occupied

SCENARIOS = ("ramp", "bursts")

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(
    epilog="Example: python -m benchmarks.policies --bundle models/fashion_mnist/1 "
    "--variants w0.25-float32,w0.5-float32,float32,w2-dynamic_int8"
)
def main(
    *,
    bundle: Annotated[
        Path, typer.Option(help="Folder of a model's version, with variants that differ in what they cost.")
    ],
    variants: Annotated[
        str, typer.Option(help="Single variants, comma-separated; those are what is chosen among.")
    ] = "",
    scenarios: Annotated[str, typer.Option(help="Of ramp and bursts, comma-separated.")] = "ramp,bursts",
    rows: Annotated[int, typer.Option(min=1, help="Rows in a request.")] = 64,
    p99_ms: Annotated[float, typer.Option(min=0.1, help="Later answers are late.")] = 20.0,
    duration: Annotated[
        float, typer.Option(min=0.5, help="Seconds of each contender for each seed, all rates together.")
    ] = 20.0,
    seeds: Annotated[str, typer.Option(help="Seeds of the arrivals, comma-separated.")] = "1,2,3",
    out: Annotated[
        Path, typer.Option(help="Folder for tables and pictures; of seeds measured before, too.")
    ] = Path("reports/policies"),
) -> None:
    """Send the same arrivals to our chooser, to one after SuperServe and one after Proteus, and to single
    variants, all at once on one core; draw effective accuracy against load, by bursts as well.

    What is in the folder of a seed is kept: so a contest can be measured in parts, and continued.
    """
    interruption.heed()
    with errors_told(out, BundleError):
        out.mkdir(parents=True, exist_ok=True)
        opened = open_bundle(bundle)
        singles = [opened.variant(name).name for name in variants.split(",") if name] or [
            one.name for one in opened.manifest.variants if one.format == "tflite"
        ]
        numbers = _numbers(seeds)
        wanted = chosen("--scenarios", scenarios, SCENARIOS)
        loads = [Load(one, rows, p99_ms, duration, seed) for seed in numbers for one in wanted]
        with occupied(out):
            _measure(opened, singles, loads, out)
            for scenario in wanted:
                _report(opened, scenario, out)


def _measure(bundle: Bundle, singles: list[str], loads: list[Load], out: Path) -> None:
    left = [load for load in loads if not curves.is_whole(_folder(out, load))]
    if not left:
        return
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        logs = Path(folder)
        with servers(bundle, singles, logs=logs, core=cores.choose().server) as found:
            systems = systems_of(bundle, singles, {name: one.host for name, one in found.items()})
            for load in left:
                typer.echo(f"{load.scenario}, seed {load.seed}: {len(systems)} contenders")
                run(bundle, systems, load, out=_folder(out, load), log=logs / "loadtests.log")


def _report(bundle: Bundle, scenario: str, out: Path) -> None:
    folders = [path for path in sorted(out.glob(f"{scenario}-*")) if curves.is_whole(path)]
    found = curves.read(folders)
    if not found:
        typer.echo(f"{scenario}: no turn counts")
        return
    known = machine.describe()
    title = f"{scenario}: {bundle.name}/{bundle.version}, {len(folders)} seeds"
    lines = [f"# {title}", "", f"{known['cpu']}, {machine.counted(known['cores'], 'core')}", ""]
    lines += [*curves.table(found), "", *curves.rates(found)]
    (out / f"{scenario}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    picture.draw(found, title, out / f"{scenario}.png")
    typer.echo("\n".join(lines))


def _folder(out: Path, load: Load) -> Path:
    return out / f"{load.scenario}-{load.seed}"


def _numbers(seeds: str) -> list[int]:
    words = [word.strip() for word in seeds.split(",") if word.strip()]
    if not words or not all(word.isdecimal() for word in words):
        raise BenchmarkError(f"--seeds is {seeds!r}; give whole numbers from 0 on, comma-separated, as 1,2,3")
    return list(map(int, words))


if __name__ == "__main__":
    app()
