"""The command line of the comparison of servers by the load tester: `python -m benchmarks.systems`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.endings import errors_told
from benchmarks.load.choice import choose
from benchmarks.names import chosen
from benchmarks.plan import Plan
from benchmarks.subjects.models import QUICK, Models
from benchmarks.systems.beside import NAMES, Beside, beside
from bundle.bundle import Bundle
from bundle.errors import BundleError
from loadtests.rig import cores, interruption
from loadtests.rig.child import Child, program

USERS = 32
MARGIN = 0.05  # of accuracy: it is one model, and its 360 test rows cannot prove a point

_IDLE_MAX = 0.02  # of a core: what an idle server may take from the others

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(epilog="Example: python -m benchmarks.systems --peers triton,kserve --budget 60")
def main(
    *,
    some: Annotated[str, typer.Option("--peers", help="Peers, comma-separated.")] = ",".join(NAMES),
    models: Annotated[Path, typer.Option(help="Folder of models; what is missing is trained.")] = Path(
        "models"
    ),
    budget: Annotated[float, typer.Option(min=1, help="Seconds of measuring.")] = 120.0,
    out: Annotated[Path, typer.Option(help="Folder for the report of the load test.")] = Path(
        "reports/systems"
    ),
) -> None:
    """Compare other servers with ours by `python -m loadtests run --system ...`, all with one model.

    They run at once, on one core, and are asked in short turns, so that a core that is quicker now than
    before favours none. Each peer has an environment of its own, that is built once. Ends as the load test.
    """
    interruption.heed()
    with errors_told(out, BundleError):
        names = chosen("--peers", some, NAMES)
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
            bound = cores.choose()
            plan = Plan(
                Models(models), 1, budget, bound, choose(bound.load), Path(folder), typer.echo, peers=names
            )
            bundle = plan.models.bundle(QUICK, plan.say)
            with beside(bundle, plan) as found:
                tell(found)
                code = _run(bundle, plan, found, out)
    raise typer.Exit(code)


def tell(found: Beside) -> None:
    """Say who is left out, and who takes from the others what is theirs."""
    for name, reason in found.left_out.items():
        typer.echo(f"left out: {name}: {reason}")
    shares = ", ".join(f"{name} {share:.1%}" for name, share in found.idle.items())
    typer.echo(f"of a core, while nobody asks: {shares}")
    if busy := [name for name, share in found.idle.items() if share > _IDLE_MAX]:
        typer.echo(f"note: {', '.join(busy)} had work to do all the time, which the others wait for")


def _run(bundle: Bundle, plan: Plan, found: Beside, out: Path) -> int:
    """Have the load tester compare them, show what it says, and return its exit code."""
    systems = [word for one in found.systems for word in ("--system", str(one))]
    whom = ("--models", str(plan.models.folder.resolve()), "--model", bundle.name, *systems)
    load = ("--rows", "1", "--users", str(USERS), "--budget", f"{plan.seconds:g}")
    how = (*load, "--margin", f"{MARGIN:g}", "--out", str(out.resolve()))
    log = plan.logs / "loadtests.log"
    plan.say(f"measuring {len(found.systems)} systems for {plan.seconds:g} s")
    with Child(program("loadtests", "run", *whom, *how), log=log, core=None) as child:
        code = child.wait(None)
    typer.echo(log.read_text(encoding="utf-8", errors="replace"))
    return code or 0


if __name__ == "__main__":
    app()
