"""Trains the same model from other seeds, to tell how much of an accuracy is the luck of one seed.

The interval of an accuracy says how it would vary with other test rows. How it varies with other initial
weights, another order of the rows and another calibration sample is a question of its own, and the only
answer is to train again: on the same split, so that the two are not mixed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, stdev

from bundle.manifest import REFERENCE
from evidence.estimate import Estimate
from training.config import TrainConfig
from training.errors import ConversionError, DivergedError
from training.evaluation.evaluate import Evaluation
from training.export.worker import convert_all
from training.progress import Progress, Silence
from training.runs.ladder import Convert
from training.runs.pipeline import train

_SEEDS = 2**32


@dataclass(frozen=True)
class Repeat:
    """What another seed gave."""

    seed: int
    evaluations: tuple[Evaluation, ...]


@dataclass(frozen=True)
class Spread:
    """How a figure varied from seed to seed."""

    values: tuple[float, ...]
    """One a seed, the published one first."""

    @property
    def mean(self) -> float:
        return fmean(self.values)

    @property
    def deviation(self) -> float | None:
        """The standard deviation between seeds (n - 1); None of a single one."""
        return stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True)
class Stability:
    """A variant over all seeds in which it could be made."""

    variant: str
    accuracy: Spread
    difference: Spread
    """Its accuracy less that of the reference of the same seed."""
    published: Estimate
    """The accuracy within the published seed, with its 95% interval."""
    reference: str = REFERENCE


def other_seeds(config: TrainConfig, repeats: int) -> list[TrainConfig]:
    """Return the configs of all runs but the first: the seeds that follow, and the first one's split."""
    split_seed = config.seed if config.split_seed is None else config.split_seed
    return [
        config.model_copy(update={"seed": (config.seed + turn) % _SEEDS, "split_seed": split_seed})
        for turn in range(1, repeats)
    ]


def repeat(
    config: TrainConfig,
    repeats: int,
    *,
    progress: Progress | None = None,
    convert: Convert = convert_all,
    train_one: Callable[[TrainConfig, Path, Progress], Sequence[Evaluation]] | None = None,
) -> list[Repeat]:
    """Train with the `repeats - 1` seeds that follow that of `config`, and keep the scores alone.

    A seed that diverges, or whose float32 cannot be made, is told of and left out: that is a finding too.
    """
    progress = progress or Silence()
    train_one = train_one or partial(_train_one, convert=convert)
    done = []
    for other in other_seeds(config, repeats):
        with tempfile.TemporaryDirectory() as store:
            try:
                evaluations = train_one(other, Path(store), _Prefixed(progress, f"seed {other.seed}: "))
            except (DivergedError, ConversionError) as error:
                progress.warn(f"seed {other.seed} is left out of the spread: {error}")
                continue
        done.append(Repeat(other.seed, tuple(evaluations)))
    return done


def _train_one(
    config: TrainConfig, store: Path, progress: Progress, *, convert: Convert
) -> Sequence[Evaluation]:
    return train(config, store, progress=progress, convert=convert, timed=False, keep=False).evaluations


def stability(first: Sequence[Evaluation], repeats: Sequence[Repeat]) -> list[Stability]:
    """Gather, for each variant of the first run, what it scored in all."""
    runs = [{one.variant: one for one in run} for run in (first, *(again.evaluations for again in repeats))]
    found = []
    for published in first:
        if published.cascade is not None:
            continue  # each seed would have another
        name = published.variant
        made = [run for run in runs if name in run]
        found.append(
            Stability(
                name,
                Spread(tuple(run[name].scores.accuracy for run in made)),
                Spread(tuple(run[name].tally.pairs.difference.value for run in made)),
                published.accuracy,
                published.reference,
            )
        )
    return found


class _Prefixed:
    """Says which seed a stage is of."""

    def __init__(self, progress: Progress, prefix: str) -> None:
        self._progress = progress
        self._prefix = prefix

    def begin(self, stage: str, steps: int) -> None:
        self._progress.begin(self._prefix + stage, steps)

    def advance(self, note: str = "") -> None:
        self._progress.advance(note)

    def tell(self, lines: Sequence[str]) -> None:
        """Say nothing: the first run has told it."""

    def warn(self, message: str) -> None:
        """Say nothing: the same data gives the same warnings, and the first run has told them."""
