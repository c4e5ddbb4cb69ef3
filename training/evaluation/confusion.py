"""Which class is taken for which, and which class lost most by quantisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evidence.multiplicity import holm
from evidence.paired import Pairs
from training.data.dataset import IntArray


@dataclass(frozen=True)
class ClassDrop:
    """What became of the rows of one class, in a variant against the reference."""

    index: int
    """The class: its position among the labels."""
    pairs: Pairs

    @property
    def recall_difference(self) -> float:
        """The variant's share of these rows that are right, less the reference's."""
        return self.pairs.difference.value


def confusion_matrix(y: IntArray, predicted: IntArray, classes: int) -> IntArray:
    """Count rows by true class (down) and predicted class (across), (classes, classes)."""
    from sklearn import metrics

    matrix: IntArray = metrics.confusion_matrix(y, predicted, labels=np.arange(classes))
    return matrix


def drops(y: IntArray, predicted: IntArray, reference: IntArray) -> tuple[ClassDrop, ...]:
    """Pair a variant's answers (n,) with the reference's, class by class, of those that occur in `y`."""
    return tuple(
        ClassDrop(int(index), Pairs.of(predicted[y == index] == index, reference[y == index] == index))
        for index in np.unique(y)
    )


def worst(found: tuple[ClassDrop, ...]) -> ClassDrop:
    """Return the class that fell with most evidence, which need not be the one that fell farthest.

    A class of one row may lose all of its recall by chance. Where none fell, it is the one that rose least.
    """
    return min(
        found,
        key=lambda drop: (
            drop.recall_difference >= 0,
            drop.pairs.p_value if drop.recall_difference < 0 else 0,
            drop.recall_difference,
        ),
    )


def worst_p(found: tuple[ClassDrop, ...]) -> float:
    """Return McNemar's exact p-value of the worst class, corrected for having been chosen (Holm)."""
    return holm([drop.pairs.p_value for drop in found])[found.index(worst(found))]
