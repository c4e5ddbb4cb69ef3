"""Lets a narrow model learn from a wide one: what it answers besides the truth tells how classes resemble."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bundle.normalizer import FloatArray
from training.preprocess import IntArray

_PROBABILITY_MIN = 1e-7  # Keras's own: below it a probability has no logarithm worth having
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class Lesson:
    """What a student is fitted to, after Hinton, Vinyals and Dean 2015 (arXiv 1503.02531).

    Of the loss, `weight` is the teacher's share: T² times the cross-entropy of the student's softened answers
    with the teacher's, T being the temperature that softens both. The rest is the cross-entropy with the true
    label. T² keeps the two in proportion, since softened gradients shrink as 1/T².
    """

    teacher: Any  # a fitted Keras model: normalised rows (n, features) to probabilities (n, 1 or classes)
    temperature: float
    weight: float

    def targets(self, rows: FloatArray, y: IntArray) -> FloatArray:
        """Return what `loss` compares with: the class index, then the teacher's softened answer.

        Shape (n, 1 + classes). Two classes have two columns here, though such a model has one output.
        """
        parts = [
            np.asarray(self.teacher(rows[start : start + _ROWS_AT_ONCE], training=False))
            for start in range(0, len(rows), _ROWS_AT_ONCE)
        ]
        answers = np.concatenate(parts)
        if answers.shape[1] == 1:
            answers = np.hstack([1 - answers, answers])
        return np.hstack([y[:, None].astype(np.float32), soften(answers, self.temperature)])

    def loss(self, targets: Any, answers: Any) -> Any:
        """Return the loss of each row, (n,), from `targets` and the student's probabilities, as tensors."""
        from keras import ops

        classes = targets.shape[1] - 1
        if answers.shape[-1] == 1:
            answers = ops.concatenate([1 - answers, answers], axis=1)
        logs = ops.log(ops.clip(answers, _PROBABILITY_MIN, 1.0))  # logits, but for a constant a row
        truth = ops.one_hot(ops.cast(targets[:, 0], "int32"), classes)
        hard = -ops.sum(truth * logs, axis=1)
        soft = -ops.sum(targets[:, 1:] * ops.log_softmax(logs / self.temperature), axis=1)
        return (1 - self.weight) * hard + self.weight * self.temperature**2 * soft

    def accuracy(self, targets: Any, answers: Any) -> Any:
        """Return 1 for each row whose true label is the most probable one, else 0, as a tensor (n,)."""
        from keras import ops

        chosen = answers[:, 0] > 0.5 if answers.shape[-1] == 1 else ops.argmax(answers, axis=1)
        return ops.cast(ops.equal(ops.cast(chosen, "int32"), ops.cast(targets[:, 0], "int32")), answers.dtype)


def soften(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Return softmax(logits / T), (n, classes), from the probabilities of the logits: p^(1/T), rescaled."""
    powers = np.clip(probabilities.astype(np.float64), _PROBABILITY_MIN, 1.0) ** (1 / temperature)
    softened: FloatArray = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return softened
