"""The comparison from end to end: our ladder, NNCF's graphs of its float rung, and the time of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.mixed import making
from benchmarks.mixed.contender import Contender
from benchmarks.mixed.making import Taken
from benchmarks.mixed.timing import BATCHES, Bench, Timed
from benchmarks.peers.catalog import NNCF
from benchmarks.peers.environment import python_with
from bundle.bundle import Bundle
from loadtests.rig import cores

TURN_S = 0.3  # short turns close together: whatever disturbs the machine disturbs them alike

Say = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """What is compared: a model and its data, the budget, and how long graphs are timed."""

    model: str
    data: str
    budget: float
    rungs: str
    data_dir: Path | None = None
    more: tuple[str, ...] = ()
    rounds: int = 20

    @property
    def options(self) -> list[str]:
        """What `python -m training` is told: to import a model that is there, or train one of a kind."""
        is_file = Path(self.model).exists()
        folder = [] if self.data_dir is None else ["--data-dir", str(self.data_dir)]
        return [
            "import" if is_file else "train",
            *("--model", self.model, "--data", self.data, *folder),
            *("--max-accuracy-drop", f"{self.budget:g}"),
            *("--precisions" if is_file else "--variants", self.rungs, *self.more),
        ]


@dataclass(frozen=True)
class Compared:
    """All that came of it. The mixed rung may be missing: then the bundle says why."""

    bundle: Bundle
    taken: Taken
    contenders: list[Contender]
    timed: dict[int, Timed]


def compare(asked: Asked, models: Path, folder: Path, *, step: Say, say: Say) -> Compared:
    """Make, score and time everything; `folder` is for what is of no use later.

    `step` hears what begins, `say` how far it is. Raises BenchmarkError and BundleError.
    """
    step("NNCF: its environment")
    python = python_with("nncf", NNCF)
    step(f"training {asked.options[0]}: our ladder")
    bundle, taken = making.train(models, asked.options, folder / "training.log", say)
    step("the rows that it was made with")
    rows = folder / "rows.npz"
    making.cut(bundle, asked.options, rows, folder / "cuts.log")
    contenders, graphs = making.ours(bundle, taken), {}
    variants = [one.name for one in contenders]
    for way in making.WAYS:
        step(way.name)
        place = folder / way.way
        contenders.append(
            making.theirs(way, bundle, python=python, rows=rows, budget=asked.budget, folder=place, say=say)
        )
        graphs[way.name] = place / "graph.xml"
    core = cores.choose().server
    bench = Bench(bundle, python, rows, folder, core, asked.rounds, TURN_S, say)
    timed = {}
    for batch in BATCHES:
        step(f"timing {len(contenders)} graphs in turn, batch {batch}")
        timed[batch] = bench.time(batch, variants, graphs)
    whole = [
        replace(one, times={batch: measured.shares[one.name] for batch, measured in timed.items()})
        for one in contenders
    ]
    return Compared(bundle, taken, whole, timed)
