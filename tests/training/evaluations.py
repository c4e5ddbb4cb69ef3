"""Evaluations from labels alone, as if a variant had answered them with certainty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.evaluate import Evaluation, score
from training.evidence import gather


def evaluation(
    variant: str, predicted: Sequence[int], reference: Sequence[int], y: Sequence[int], classes: int = 2
) -> Evaluation:
    truth = np.array(y)
    sure, expected = (
        np.eye(classes, dtype=np.float32)[np.array(labels)] for labels in (predicted, reference)
    )
    return Evaluation(
        variant, score(truth, sure, expected), 1000, {1: 2.0, 32: 1.0}, gather(truth, sure, expected)
    )
