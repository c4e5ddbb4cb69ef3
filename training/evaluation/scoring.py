"""Scores a variant's answers on test rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bundle.manifest import Scores
from bundle.normalizer import FloatArray
from bundle.runtimes import Runtime
from evidence.shares import wilson
from training.data.dataset import IntArray
from training.evaluation.reliability import PROBABILITY_MIN, as_shares

_CHUNK_ROWS = 1024  # how often a watcher hears of a long evaluation; a multiple of every batch size


def predict_all(
    runtime: Runtime, rows: FloatArray, on_chunk: Callable[[], None] = lambda: None
) -> FloatArray:
    """Answer all rows, (n, classes), calling `on_chunk` after each of `chunks(len(rows))` parts."""
    parts = []
    for start in range(0, len(rows), _CHUNK_ROWS):
        parts.append(runtime.predict(rows[start : start + _CHUNK_ROWS]))
        on_chunk()
    return np.concatenate(parts)


def chunks(rows: int) -> int:
    return -(-rows // _CHUNK_ROWS)


def score(y: IntArray, probabilities: FloatArray, reference: FloatArray) -> Scores:
    """Compare probabilities (n, classes) with class indices `y` (n,), and with what the reference answered.

    Precision, recall and F1 are averages over the classes that occur in `y`, each class counting alike; a
    class that is never predicted has precision 0. The log-loss takes a probability of 0 as 1e-7.
    """
    from sklearn.metrics import precision_recall_fscore_support

    predicted = probabilities.argmax(axis=1)
    correct = int((predicted == y).sum())
    accuracy = wilson(correct / len(y), len(y))
    precision, recall, f1, _ = precision_recall_fscore_support(
        y, predicted, labels=np.unique(y), average="macro", zero_division=0.0
    )
    return Scores(
        rows=len(y),
        accuracy=accuracy.value,
        accuracy_low=accuracy.low,
        accuracy_high=accuracy.high,
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        log_loss=log_loss(y, probabilities),
        agreement=float((predicted == reference.argmax(axis=1)).mean()),
    )


def log_loss(y: IntArray, probabilities: FloatArray) -> float:
    """Return the mean of -ln p of the true class, in nats. Rows are first made to sum to 1: int8's do not."""
    from sklearn import metrics

    # A row of int8 may sum to more than 1, and dividing has then made what was 1e-7 less.
    shares = np.maximum(as_shares(probabilities), PROBABILITY_MIN)
    shares /= shares.sum(axis=1, keepdims=True)
    return float(metrics.log_loss(y, shares, labels=np.arange(shares.shape[1])))
