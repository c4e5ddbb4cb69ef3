"""A variant's answers to the test rows, counted. Without a margin: that is for its reader to give."""

from __future__ import annotations

from dataclasses import dataclass

from bundle.normalizer import FloatArray
from evidence.paired import Pairs
from training.data.dataset import IntArray
from training.evaluation.confusion import ClassDrop, confusion_matrix, drops
from training.evaluation.reliability import Reliability


@dataclass(frozen=True)
class Tally:
    """A variant's answers counted; paired with those of the reference on the same rows."""

    pairs: Pairs
    reliability: Reliability
    classes: tuple[ClassDrop, ...]
    """One for each class that occurs in the rows."""
    confusion: tuple[tuple[int, ...], ...]
    """Rows by true class (outer) and predicted class (inner)."""


def tally(y: IntArray, probabilities: FloatArray, reference: FloatArray) -> Tally:
    """Count from class indices `y` (n,) and the probabilities (n, classes) of a variant and the reference."""
    predicted, expected = probabilities.argmax(axis=1), reference.argmax(axis=1)
    matrix = confusion_matrix(y, predicted, probabilities.shape[1])
    return Tally(
        Pairs.of(predicted == y, expected == y),
        Reliability.of(y, probabilities),
        drops(y, predicted, expected),
        tuple(tuple(row) for row in matrix.tolist()),
    )
