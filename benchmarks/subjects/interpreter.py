"""The model alone: the runtime that the service uses, called in a loop in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from benchmarks.errors import ProcessError
from benchmarks.measure.sample import Sample, Subject
from bundle.bundle import Bundle, open_bundle
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime, open_runtime
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound

_CALLS_AT_MOST = 2**20  # a sample keeps each call's duration


def time_calls(runtime: Runtime, rows: FloatArray, seconds: float) -> Sample:
    """Call the runtime with `rows`, shape (batch, features), for so many seconds."""
    durations: list[float] = []
    start = last = perf_counter()
    while len(durations) < 2 or (last - start < seconds and len(durations) < _CALLS_AT_MOST):
        runtime.predict(rows)
        now = perf_counter()
        durations.append(now - last)
        last = now
    return Sample.of(durations, last - start)


@contextmanager
def alone(bundle: Bundle, variant: str, *, rows: int, log: Path, core: Bound) -> Iterator[Subject]:
    """Start a process that calls `variant` with the first `rows` test rows; the core is its own meanwhile."""
    command = program("benchmarks.subjects.interpreter", str(bundle.folder.resolve()), variant, str(rows))
    with Child(command, log=log, core=core, talks=True) as child:

        def subject(seconds: float) -> Sample:
            line = child.ask(str(seconds))
            if not line:
                raise ProcessError(f"the interpreter's process ended:\n{child.tail()}")
            return Sample(**json.loads(line))

        yield subject


def main(arguments: list[str]) -> None:
    """Read a number of seconds a line, and answer each with a sample."""
    folder, variant, count = arguments
    bundle = open_bundle(Path(folder))
    runtime = open_runtime(bundle, variant, threads=1)
    rows = bundle.test_set()[0][: int(count)]
    for line in sys.stdin:
        sys.stdout.write(json.dumps(asdict(time_calls(runtime, rows, float(line)))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
