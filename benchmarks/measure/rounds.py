"""Measures subjects in turn, so that whatever disturbs the machine disturbs them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from benchmarks.measure.sample import Sample, Subject

WARM_UP_S = 1

Samples = dict[str, list[Sample]]
"""A sample a round for each subject: those of equal index were taken side by side."""


def turns(subjects: Sequence[str], rounds: int) -> Iterator[str]:
    """Yield who is measured next: A B, then B A, then A B, so that a steady drift favours none."""
    for index in range(rounds):
        yield from subjects if index % 2 == 0 else reversed(subjects)


def measure(
    subjects: Mapping[str, Subject], *, rounds: int, seconds: int, say: Callable[[str], None]
) -> Samples:
    """Warm every subject up, and take a sample a round of each. Raises what they raise."""
    for name, subject in subjects.items():
        say(f"warming up: {name}")
        subject(WARM_UP_S)
    samples: Samples = {name: [] for name in subjects}
    for name in turns(list(subjects), rounds):
        say(f"round {len(samples[name]) + 1} of {rounds}: {name}")
        samples[name].append(subjects[name](seconds))
    return samples


def paired(function: Callable[..., float], samples: Samples, *subjects: str) -> tuple[float, ...]:
    """Apply `function` to the subjects' samples of each round."""
    return tuple(function(*row) for row in zip(*(samples[name] for name in subjects), strict=True))
