"""Measures subjects in turn, so that whatever disturbs the machine disturbs them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.errors import VoidRunError
from benchmarks.measure.sample import Sample, Subject
from loadtests.rig.turns import turn

WARM_UP_S = 2.0  # or as long as a sample, where that is less

Samples = Mapping[str, Sequence[Sample]]
"""A sample a round for each subject: those of equal index were taken side by side."""


def measure(
    subjects: Mapping[str, Subject], *, rounds: int, seconds: float, say: Callable[[str], None]
) -> Samples:
    """Warm every subject up, and take a sample a round of each.

    Raises what they raise; a VoidRunError says whose run it was.
    """

    def run(name: str, seconds: float) -> Sample:
        try:
            return subjects[name](seconds)
        except VoidRunError as error:
            raise VoidRunError(f"{name}: {error}") from error

    for name in subjects:
        say(f"warming up: {name}")
        run(name, min(WARM_UP_S, seconds))
    samples: dict[str, list[Sample]] = {name: [] for name in subjects}
    for index in range(rounds):
        for name in turn(list(subjects), index):
            say(f"round {index + 1} of {rounds}: {name}")
            samples[name].append(run(name, seconds))
    return samples


def paired(function: Callable[..., float], samples: Samples, *subjects: str) -> tuple[float, ...]:
    """Apply `function` to the subjects' samples of each round."""
    return tuple(function(*row) for row in zip(*(samples[name] for name in subjects), strict=True))
