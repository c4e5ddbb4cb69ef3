"""The model alone: the runtime that the service uses, called in a loop in a process of its own.

Of a cascade there are two, and what the first is not sure of goes on to the second in each call.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np

from benchmarks.errors import ProcessError
from benchmarks.measure.calls import answer_lines
from benchmarks.measure.sample import Sample, Subject
from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleNotFoundError
from bundle.manifest import CASCADE
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from loadtests.rig.child import Child, program
from loadtests.rig.cores import Bound


@contextmanager
def alone(bundle: Bundle, variant: str, *, rows: int, log: Path, core: Bound) -> Iterator[Subject]:
    """Start a process that calls `variant`, or the cascade, with so many `rows` of the test rows at a time.

    The core is its own meanwhile.
    """
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
    """Call a variant with test rows, again and again all of them, as long as each line on stdin says."""
    folder, variant, count = arguments
    bundle = open_bundle(Path(folder))
    rows, size = bundle.test_set()[0], int(count)
    calls = cycle([rows[start : start + size] for start in range(0, max(1, len(rows) - size + 1), size)])
    predict = _cascade(bundle) if variant == CASCADE else open_runtime(bundle, variant).predict
    predict(rows[:size])
    answer_lines(lambda: predict(next(calls)))


def _cascade(bundle: Bundle) -> Callable[[FloatArray], FloatArray]:
    """Return what answers as the bundle's cascade. Raises BundleNotFoundError where it has none."""
    spec = bundle.manifest.cascade
    if spec is None:
        raise BundleNotFoundError(f"{bundle.folder} has no cascade")
    first, second = (open_runtime(bundle, name).predict for name in (spec.first, spec.second))
    threshold = np.float32(spec.threshold)

    def predict(rows: FloatArray) -> FloatArray:
        answers = first(rows)
        goes_on = answers.max(axis=1) < threshold
        if goes_on.any():
            answers[goes_on] = second(rows[goes_on])
        return answers

    return predict


if __name__ == "__main__":
    main(sys.argv[1:])
