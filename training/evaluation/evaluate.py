"""Scores variants on test rows, through the runtimes that serve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from bundle.manifest import REFERENCE, Scores
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from evidence.estimate import Estimate
from evidence.paired import Truth, Yardstick
from training.data.dataset import IntArray
from training.evaluation.scoring import predict_all, score
from training.evaluation.tally import Tally, tally
from training.evaluation.timing import Timings


@dataclass(frozen=True)
class Answers:
    """The class of each of some rows, and the class that was predicted for it."""

    y: IntArray  # (n,)
    predicted: IntArray  # (n,)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        return np.equal(self.predicted, self.y)


@dataclass(frozen=True)
class Evaluation:
    """One row of the table: what a variant gets right, and what it costs."""

    variant: str
    scores: Scores
    bytes: int
    tally: Tally
    """How it did against the reference on the same rows."""
    answers: Answers
    """What it predicted for those rows."""
    validation: Answers | None = None
    """What it predicted for the rows to choose it by; None where it is not known."""
    times: Timings = field(default_factory=dict)
    """By batch size; empty where it was not timed."""
    reference: str = REFERENCE
    """The variant that it was compared with."""
    truth: Truth = "labels"
    """What was taken for right: the labels of the data or, where it had none, what the reference answers."""

    @property
    def is_reference(self) -> bool:
        return self.variant == self.reference

    @property
    def yardstick(self) -> Yardstick:
        """What it was held to."""
        return Yardstick(self.reference, self.truth)

    @property
    def accuracy(self) -> Estimate:
        """The share of test rows that are right, with its 95% interval."""
        return Estimate(self.scores.accuracy, self.scores.accuracy_low, self.scores.accuracy_high)

    @property
    def microseconds(self) -> dict[int, Estimate]:
        """Time of one row by batch size, with its 95% interval: of the call, divided by the rows in it."""
        return {batch: timing.row_us for batch, timing in self.times.items()}


def evaluate(
    runtimes: Mapping[str, Runtime],
    sizes: Mapping[str, int],
    x: FloatArray,
    y: IntArray,
    *,
    validation: Mapping[str, Answers] | None = None,
    reference: str = REFERENCE,
    truth: Truth = "labels",
    on_chunk: Callable[[str], None] = lambda variant: None,
) -> list[Evaluation]:
    """Score every runtime on raw rows `x` (n, features) and class indices `y` (n,).

    `runtimes` must have the `reference`, with which the others are compared; `sizes` are bytes on disk, and
    `validation` what `answer` gave of other rows. `truth` says whose classes `y` are.
    """
    answers = {name: predict_all(runtime, x, partial(on_chunk, name)) for name, runtime in runtimes.items()}
    expected = answers[reference]
    return [
        Evaluation(
            name,
            score(y, answers[name], expected),
            sizes[name],
            tally(y, answers[name], expected),
            Answers(y, answers[name].argmax(axis=1)),
            (validation or {}).get(name),
            reference=reference,
            truth=truth,
        )
        for name in runtimes
    ]


def timed(evaluations: Sequence[Evaluation], times: Mapping[str, Timings]) -> list[Evaluation]:
    """Add to each variant what it took."""
    return [replace(one, times=times[one.variant]) for one in evaluations]


def answer(
    runtimes: Mapping[str, Runtime],
    x: FloatArray,
    y: IntArray,
    *,
    on_chunk: Callable[[str], None] = lambda variant: None,
) -> dict[str, Answers]:
    """Have every runtime answer raw rows `x` (n, features) whose class indices are `y` (n,)."""
    return {
        name: Answers(y, predict_all(runtime, x, partial(on_chunk, name)).argmax(axis=1))
        for name, runtime in runtimes.items()
    }
