"""Rows of a table that nobody had to train for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bundle.manifest import Scores
from training.evaluation.evaluate import Answers, Evaluation
from training.evaluation.scoring import score
from training.evaluation.tally import tally
from training.evaluation.timing import TIMED_BATCHES

_ANYTHING = tally(np.arange(2), np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32))
_ANY_ANSWERS = Answers(np.arange(2), np.arange(2))


def evaluation(
    variant: str, predicted: Sequence[int], reference: Sequence[int], y: Sequence[int], classes: int = 2
) -> Evaluation:
    """Return a variant that answered these labels with certainty."""
    truth = np.array(y)
    sure, expected = (
        np.eye(classes, dtype=np.float32)[np.array(labels)] for labels in (predicted, reference)
    )
    return Evaluation(
        variant,
        score(truth, sure, expected),
        1000,
        {1: 2.0, 32: 1.0},
        tally(truth, sure, expected),
        Answers(truth, np.array(predicted)),
    )


def scored(
    variant: str, *, accuracy: float = 0.9, microseconds: float = 10.0, size: int = 1000, noise: float = 0.01
) -> Evaluation:
    """Return a variant of that accuracy, give or take `noise`, and of one time a row at every batch size."""
    scores = Scores(
        rows=1000,
        accuracy=accuracy,
        accuracy_low=max(0.0, accuracy - noise),
        accuracy_high=min(1.0, accuracy + noise),
        precision=accuracy,
        recall=accuracy,
        f1=accuracy,
        log_loss=1.0,
        agreement=1.0,
    )
    return Evaluation(
        variant, scores, size, dict.fromkeys(TIMED_BATCHES, microseconds), _ANYTHING, _ANY_ANSWERS
    )
