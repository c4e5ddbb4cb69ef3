"""Rows of a table that nobody had to train for."""

from __future__ import annotations

from bundle.manifest import Scores
from training.evaluate import TIMED_BATCHES, Evaluation


def evaluation(
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
    return Evaluation(variant, scores, size, dict.fromkeys(TIMED_BATCHES, microseconds))
