"""Times every graph in turn, each in a process of its own on one core, whichever runtime it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import median

from benchmarks.measure.rounds import Samples, measure, paired
from benchmarks.measure.sample import Subject
from benchmarks.subjects.interpreter import alone, calling
from bundle.bundle import Bundle
from evidence.estimate import Estimate
from evidence.ratios import level_of_logs
from loadtests.rig.cores import Bound

BATCHES = (1, 32)
TRIMMED = 0.1  # of the turns, at each end: another program may have had the core


@dataclass(frozen=True)
class Timed:
    """The samples of one batch: what a row takes the reference, and each graph's share of that."""

    samples: Samples
    reference_us: float
    shares: Mapping[str, Estimate]


def shares(samples: Samples, reference: str) -> dict[str, Estimate]:
    """Return each graph's time as a share of the reference's in the same turn, with its interval."""
    found = {}
    for name in samples:
        logs = paired(lambda one, other: log(one.p50_us / other.p50_us), samples, name, reference)
        found[name] = level_of_logs(logs, trim=TRIMMED)
    return found


@dataclass(frozen=True)
class Bench:
    """What it takes to time: our graphs are the bundle's variants, theirs are files that `python` runs."""

    bundle: Bundle
    python: Path
    rows: Path
    folder: Path
    core: Bound
    rounds: int
    seconds: float
    say: Callable[[str], None]

    def time(self, batch: int, variants: Sequence[str], graphs: Mapping[str, Path]) -> Timed:
        """Call all of them in turn with so many rows. Raises ProcessError."""
        with ExitStack() as stack:
            subjects: dict[str, Subject] = {}
            for number, name in enumerate(variants):
                log_file = self.folder / f"ours-{number}-{batch}.log"
                subjects[name] = stack.enter_context(
                    alone(self.bundle, name, rows=batch, log=log_file, core=self.core)
                )
            for number, (name, path) in enumerate(graphs.items()):
                command = [str(self.python), "-m", "benchmarks.mixed.openvino"]
                command += [str(path), str(self.rows), str(batch)]
                log_file = self.folder / f"theirs-{number}-{batch}.log"
                subjects[name] = stack.enter_context(calling(command, log=log_file, core=self.core))
            samples = measure(subjects, rounds=self.rounds, seconds=self.seconds, say=self.say)
        reference = self.bundle.manifest.reference
        us = median(sample.p50_us for sample in samples[reference]) / batch
        return Timed(samples, us, shares(samples, reference))
