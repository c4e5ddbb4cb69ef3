"""Scores variants on test rows, through the runtimes that serve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from bundle.manifest import CASCADE, REFERENCE, Scores
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from evidence.cascades import Cascade
from evidence.estimate import Estimate
from evidence.paired import Truth, Yardstick
from training.data.dataset import IntArray
from training.evaluation.scoring import predict_all, score
from training.evaluation.tally import Tally, tally
from training.evaluation.timing import Timing, Timings

_AS_USUAL = Yardstick(REFERENCE)


@dataclass(frozen=True)
class Answers:
    """The class of each of some rows, and the class that was predicted for it."""

    y: IntArray  # (n,)
    predicted: IntArray  # (n,)
    confidence: FloatArray | None = None  # (n,), the largest probability; None where it was not kept

    @classmethod
    def of(cls, y: IntArray, probabilities: FloatArray) -> Answers:
        """Take what was answered, (n, classes)."""
        return cls(y, probabilities.argmax(axis=1), probabilities.max(axis=1))

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        return np.equal(self.predicted, self.y)

    def escalated(self, second: Answers, cascade: Cascade) -> Answers:
        """Return what is answered where `second` answers in place of these what they are not sure of.

        Raises ValueError where nobody knows how sure they are.
        """
        if self.confidence is None:
            raise ValueError("it was not kept how sure these answers are")
        goes_on = cascade.escalates(self.confidence)
        return Answers(self.y, np.where(goes_on, second.predicted, self.predicted))


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
    cascade: Cascade | None = None
    """By which rule two variants answered as this one; None of a variant."""
    escalated: float = 0.0
    """The share of these rows that went on to the second of them."""

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
    yardstick: Yardstick = _AS_USUAL,
    cascade: Cascade | None = None,
    on_chunk: Callable[[str], None] = lambda variant: None,
) -> list[Evaluation]:
    """Score every runtime on raw rows `x` (n, features) and class indices `y` (n,), and the cascade last.

    `runtimes` must have the reference, with which the others are compared; `sizes` are bytes on disk, and
    `validation` what `answer` gave of other rows. The `yardstick` says whose classes `y` are.
    """
    answers = {name: predict_all(runtime, x, partial(on_chunk, name)) for name, runtime in runtimes.items()}
    expected = answers[yardstick.reference]
    found = [
        Evaluation(
            name,
            score(y, answers[name], expected),
            sizes[name],
            tally(y, answers[name], expected),
            Answers.of(y, answers[name]),
            (validation or {}).get(name),
            reference=yardstick.reference,
            truth=yardstick.truth,
        )
        for name in runtimes
    ]
    if cascade is None:
        return found
    first, second = answers[cascade.first], answers[cascade.second]
    goes_on = cascade.escalates(first.max(axis=1))
    both = np.where(goes_on[:, np.newaxis], second, first)
    return [
        *found,
        Evaluation(
            CASCADE,
            score(y, both, expected),
            sizes[cascade.first] + sizes[cascade.second],
            tally(y, both, expected),
            Answers.of(y, both),
            (validation or {}).get(CASCADE),
            reference=yardstick.reference,
            truth=yardstick.truth,
            cascade=cascade,
            escalated=float(goes_on.mean()),
        ),
    ]


def timed(evaluations: Sequence[Evaluation], times: Mapping[str, Timings]) -> list[Evaluation]:
    """Add to each variant what it took, and to a cascade what is to be expected of its two."""
    return [replace(one, times=_times(one, times)) for one in evaluations]


def _times(one: Evaluation, times: Mapping[str, Timings]) -> Timings:
    """Return a variant's times; of a cascade the first one's, and the second's of the share that goes on."""
    if one.cascade is None:
        return times[one.variant]
    first, second = times[one.cascade.first], times[one.cascade.second]
    return {
        batch: Timing(
            tuple(
                ours + one.escalated * theirs
                for ours, theirs in zip(first[batch].rounds, second[batch].rounds, strict=False)
            )
        )
        for batch in first
    }


def answer(
    runtimes: Mapping[str, Runtime],
    x: FloatArray,
    y: IntArray,
    *,
    on_chunk: Callable[[str], None] = lambda variant: None,
) -> dict[str, Answers]:
    """Have every runtime answer raw rows `x` (n, features) whose class indices are `y` (n,)."""
    return {
        name: Answers.of(y, predict_all(runtime, x, partial(on_chunk, name)))
        for name, runtime in runtimes.items()
    }
