"""Rows of a table that nobody had to train for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bundle.manifest import REFERENCE, Scores
from evidence.paired import Yardstick
from training.evaluation.evaluate import Answers, Evaluation
from training.evaluation.scoring import score
from training.evaluation.tally import tally
from training.evaluation.timing import TIMED_BATCHES, Timing, Timings

FLOAT32 = Yardstick(REFERENCE)
_ANYTHING = tally(np.arange(2), np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))


def steady(microseconds: float) -> Timing:
    """Return a time that was the same in every round."""
    return Timing((microseconds,) * 5)


def answers(rows: int, wrong: Sequence[int] | range) -> Answers:
    """Return answers to so many rows, of which these were wrong."""
    predicted = np.zeros(rows, np.int64)
    predicted[list(wrong)] = 1
    return Answers(np.zeros(rows, np.int64), predicted)


def evaluation(
    variant: str,
    predicted: Sequence[int],
    reference: Sequence[int],
    y: Sequence[int],
    classes: int = 2,
    yardstick: Yardstick = FLOAT32,
) -> Evaluation:
    """Return a variant that answered these labels with certainty; `reference` is what that one answered."""
    truth = np.array(y)
    sure, expected = (
        np.eye(classes, dtype=np.float32)[np.array(labels)] for labels in (predicted, reference)
    )
    given = Answers(truth, np.array(predicted))
    return Evaluation(
        variant,
        score(truth, sure, expected),
        1000,
        tally(truth, sure, expected),
        given,
        given,
        {1: steady(2.0), 32: steady(1.0)},
        yardstick.reference,
        yardstick.truth,
    )


def scored(
    variant: str,
    *,
    accuracy: float = 0.9,
    microseconds: float = 10.0,
    size: int = 1000,
    noise: float = 0.01,
    test: Answers | None = None,
    validation: Answers | None = None,
    times: Timings | None = None,
) -> Evaluation:
    """Return a variant of that accuracy, give or take `noise`, and of one time a row at every batch size.

    Unless said otherwise, its answers are to 10,000 rows, and whatever a more accurate one has wrong is wrong
    with it too.
    """
    scores = Scores(
        rows=10_000,
        accuracy=accuracy,
        accuracy_low=max(0.0, accuracy - noise),
        accuracy_high=min(1.0, accuracy + noise),
        precision=accuracy,
        recall=accuracy,
        f1=accuracy,
        log_loss=1.0,
        agreement=1.0,
    )
    usual = answers(10_000, range(round((1 - accuracy) * 10_000)))
    return Evaluation(
        variant,
        scores,
        size,
        _ANYTHING,
        test or usual,
        validation or test or usual,
        times or dict.fromkeys(TIMED_BATCHES, steady(microseconds)),
    )
