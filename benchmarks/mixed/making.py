"""Starts the programs that make graphs, watches what they take, and reads what they made."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np

from benchmarks.errors import BenchmarkError, ProcessError
from benchmarks.mixed.contender import Contender, Right, Role
from bundle.bundle import Bundle, Classes, Predictions
from bundle.store import ModelStore
from loadtests.rig import interruption
from loadtests.rig.child import Child, program

NAME = "mixed"  # of the model that is published for the comparison
_LOOK_S = 0.2
_SEARCH = "mixing"  # as training calls the stage
_TAIL_LINES = 15
_MISSING = 1  # training's exit code where something that was asked for is left out

Say = Callable[[str], None]


@dataclass(frozen=True)
class Taken:
    """What a program took: its seconds, and the most memory that it and all it started had at a look.

    `log` is what it printed.
    """

    code: int
    seconds: float
    memory_bytes: int
    log: str

    @property
    def tail(self) -> str:
        return "\n".join(self.log.splitlines()[-_TAIL_LINES:])


@dataclass(frozen=True)
class Way:
    """One thing that NNCF's environment makes of the float graph."""

    way: str
    name: str
    role: Role


WAYS = (
    Way("float32", "float32, OpenVINO", "plain"),
    Way("int8", "int8, NNCF", "plain"),
    Way("control", "accuracy control, NNCF", "control"),
    Way("control-full-bias", "accuracy control with full bias correction, NNCF", "plain"),
)


def run(command: Sequence[str], log: Path, say: Say, environment: Mapping[str, str] | None = None) -> Taken:
    """Run a program to its end."""
    start, most, code = monotonic(), 0, None
    with Child(command, log=log, core=None, environment=environment) as child:
        while code is None:
            interruption.check()
            most = max(most, child.resident_bytes() or 0)
            last = child.tail().strip().splitlines()[-1:] or [""]
            say(f"{monotonic() - start:.0f} s: {last[0].strip()[-80:]}")
            code = child.wait(_LOOK_S)
        return Taken(code, monotonic() - start, most, log.read_text(encoding="utf-8", errors="replace"))


def train(models: Path, options: Sequence[str], log: Path, say: Say) -> tuple[Bundle, Taken]:
    """Run `python -m training` with these options, and open what it publishes. Raises BenchmarkError."""
    store = ModelStore(models)
    before = store.versions(NAME)
    command = program("training", *options, "--models", str(models), "--name", NAME)
    taken = run(command, log, say)
    if taken.code not in {0, _MISSING} or store.versions(NAME) == before:
        raise BenchmarkError(f"{shlex.join(command[1:])} ended with exit code {taken.code}:\n{taken.tail}")
    return store.open(NAME), taken


def predictions(bundle: Bundle) -> Predictions:
    """Return what the variants predicted. Raise BenchmarkError where the bundle does not hold it."""
    known = bundle.predictions()
    if known is None:
        raise BenchmarkError(f"{bundle.folder} does not hold what its variants predicted")
    return known


def ours(bundle: Bundle, taken: Taken) -> list[Contender]:
    """Return the rungs of a bundle at its own width and of its own network, the reference first.

    The memory of the mixed one is that of the whole run. Raises BenchmarkError.
    """
    known, manifest = predictions(bundle), bundle.manifest
    found = []
    for variant in manifest.variants:
        if variant.width != 1 or variant.network is not None or variant.format != "tflite":
            continue
        recipe = variant.recipe
        role: Role = "uniform" if recipe is None else "mixed"
        found.append(
            Contender(
                variant.name,
                "reference" if variant.name == manifest.reference else role,
                variant.bytes,
                known.right_on_validation(variant.name),
                known.right_on_test(variant.name),
                float(np.mean(known.test[variant.name] == known.test[manifest.reference])),
                seconds=None if recipe is None else stage_s(taken.log, _SEARCH),
                memory_bytes=None if recipe is None else taken.memory_bytes,
            )
        )
    return sorted(found, key=lambda one: ("reference", "uniform", "mixed").index(one.role))


def cut(bundle: Bundle, options: Sequence[str], out: Path, log: Path) -> None:
    """Write the rows that `training`, told these options, made the bundle with, as its graphs take them.

    Raises BenchmarkError.
    """
    command = program("benchmarks.subjects.cuts", str(bundle.folder.resolve()), str(out), *options)
    taken = run(command, log, lambda text: None)
    if taken.code:
        raise BenchmarkError(f"the rows could not be cut again: {taken.tail}")


def theirs(
    way: Way, bundle: Bundle, *, python: Path, rows: Path, budget: float, folder: Path, say: Say
) -> Contender:
    """Have NNCF's environment make a graph of the bundle's float one. Raises ProcessError."""
    folder.mkdir(parents=True)
    spec = bundle.variant(bundle.manifest.reference)
    graph = bundle.path(spec.files[0]).resolve()
    arguments = (way.way, str(graph), str(rows), str(budget), spec.graph.answers, str(folder))
    # NNCF reports home what it is used for, unless it is told that nobody does.
    taken = run(
        [str(python), "-m", "benchmarks.mixed.nncf", *arguments], folder / "log", say, {"NNCF_CI": "1"}
    )
    if taken.code:
        raise ProcessError(f"{way.name} ended with exit code {taken.code}:\n{taken.tail}")
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    known = predictions(bundle)
    return Contender(
        way.name,
        way.role,
        (folder / "graph.bin").stat().st_size,
        _right(told["validation"], known.validation_labels),
        _right(told["test"], known.test_labels),
        float(_right(told["test"], known.test[bundle.manifest.reference]).mean()),
        seconds=None if way.way == "float32" else told["seconds"],
        memory_bytes=None if way.way == "float32" else taken.memory_bytes,
        beside=(folder / "graph.xml").stat().st_size,
        kept=tuple(told["kept"]) if way.way.startswith("control") else None,
    )


def _right(classes: Sequence[int], labels: Classes) -> Right:
    right: Right = np.array(classes, np.int64) == labels
    return right


def stage_s(log: str, stage: str) -> float | None:
    """Return the seconds that a stage took by the line of progress that it left; None where there is none."""
    found = re.search(rf"^{stage} .*?(\d+):(\d\d):(\d\d)", log, re.MULTILINE)
    if found is None:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return 3600.0 * hours + 60 * minutes + seconds
