"""Times every rung and the cascade in turn, each in a process of its own on one core."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measure.rounds import Samples, measure
from benchmarks.subjects.interpreter import alone
from bundle.bundle import Bundle
from bundle.manifest import CASCADE
from loadtests.rig.cores import Bound

TURN_S = 0.2  # short turns close together: whatever disturbs the machine disturbs them alike


def time_all(
    bundle: Bundle, *, rows: int, rounds: int, core: Bound, folder: Path, say: Callable[[str], None]
) -> Samples:
    """Call every variant that LiteRT runs, and the cascade, with so many rows at a time.

    Rows that go on do so within their call: nothing is gained by what several requests escalate together.
    Raises ProcessError.
    """
    names = [one.name for one in bundle.manifest.variants if one.format == "tflite"]
    if bundle.manifest.cascade is not None:
        names.append(CASCADE)
    with ExitStack() as stack:
        subjects = {
            name: stack.enter_context(alone(bundle, name, rows=rows, log=folder / f"{number}.log", core=core))
            for number, name in enumerate(names)
        }
        return measure(subjects, rounds=rounds, seconds=TURN_S, say=say)
