"""The model alone: the runtime that the service uses, called in a loop in a process of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.errors import ProcessError
from benchmarks.measure.calls import answer_lines
from benchmarks.measure.sample import Sample, Subject
from bundle.bundle import Bundle, open_bundle
from bundle.runtimes import open_runtime
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound


@contextmanager
def alone(bundle: Bundle, variant: str, *, rows: int, log: Path, core: Bound) -> Iterator[Subject]:
    """Start a process that calls `variant` with the first `rows` test rows; the core is its own meanwhile."""
    command = program("benchmarks.subjects.interpreter", str(bundle.folder.resolve()), variant, str(rows))
    with calling(command, log=log, core=core) as subject:
        yield subject


@contextmanager
def calling(command: Sequence[str], *, log: Path, core: Bound) -> Iterator[Subject]:
    """Start a program that answers a number of seconds with a sample of its calls, as `answer_lines` does."""
    with Child(command, log=log, core=core, talks=True) as child:

        def subject(seconds: float) -> Sample:
            line = child.ask(str(seconds))
            if not line:
                raise ProcessError(f"the interpreter's process ended:\n{child.tail()}")
            return Sample(**json.loads(line))

        yield subject


def main(arguments: list[str]) -> None:
    """Call a variant with the first test rows for as long as each line on stdin says."""
    folder, variant, count = arguments
    bundle = open_bundle(Path(folder))
    runtime = open_runtime(bundle, variant, threads=1)
    rows = bundle.test_set()[0][: int(count)]
    answer_lines(lambda: runtime.predict(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
