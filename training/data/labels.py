"""Classes as numbers: each label's position among all, and what a row of it weighs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bundle.fields import word
from bundle.normalizer import FloatArray
from training.data.dataset import IntArray, Labels, RawData, distinct
from training.errors import LabelsError

# Above this ratio of the largest class to the smallest, classes count as unbalanced.
BALANCED_RATIO_MAX = 1.5

_NAMED_MAX = 5


def classes(raw: RawData) -> Labels:
    """Return the labels of `raw` as classes, (n,): whole numbers of 64 bits, or words.

    Raises LabelsError for fractions, and for floats so large that they may stand for several whole numbers.
    """
    y = raw.y
    if y.dtype.kind == "U":
        return _composed(y)
    if y.dtype.kind == "f":
        fractions = y[~(np.isfinite(y) & (y == np.floor(y)))]
        if len(fractions):
            raise LabelsError(
                f"{raw.name} has labels such as {fractions[0]} in {raw.label_name}, which looks like "
                "regression; a classifier's labels are integers or strings"
            )
        exact = 2 ** (np.finfo(y.dtype).nmant + 1)
        if np.abs(y).max() >= exact:
            raise LabelsError(
                f"{raw.name} has labels such as {y[np.abs(y).argmax()]:.0f} in {raw.label_name}, and "
                f"{y.dtype} cannot tell whole numbers from {exact} on apart; save integers or strings"
            )
    if y.dtype.kind == "u" and y.max() >= 2**63:
        raise LabelsError(f"{raw.name} has labels beyond 64 bits in {raw.label_name}")
    return y.astype(np.int64)


def class_indices(y: Labels, labels: tuple[int, ...] | tuple[str, ...]) -> IntArray:
    """Map each label to its position in `labels`, whatever their order. Raises LabelsError for a strange one.

    Words that `word` writes alike are the same, unless `labels` has both.
    """
    known = np.array(labels)
    if known.dtype.kind != y.dtype.kind:
        raise LabelsError(f"labels are {_type_name(y)} here, and {_type_name(known)} to the model")
    order = np.argsort(known)
    positions = order[np.minimum(np.searchsorted(known, y, sorter=order), len(known) - 1)]
    forms = {_form(label): place for place, label in enumerate(labels)}
    strange = []
    for label in np.setdiff1d(distinct(y), known).tolist():
        if _form(label) in forms:
            positions[y == label] = forms[_form(label)]
        else:
            strange.append(label)
    if strange:
        given = ", ".join(repr(label) for label in strange[:_NAMED_MAX])
        allowed = ", ".join(repr(label) for label in labels)
        raise LabelsError(f"the model does not know the label {given}; it knows {allowed}")
    return positions.astype(np.int64)


def class_weights(y: IntArray, classes: int, *, wanted: bool | None) -> FloatArray | None:
    """Return the weight of each class, n / (classes * rows of the class), or None where all weigh the same.

    Each class must have a row in `y`. With `wanted` None, classes are weighed where the largest has over 1.5
    times the rows of the smallest.
    """
    counts = np.bincount(y, minlength=classes)
    if wanted is None:
        wanted = counts.max() > BALANCED_RATIO_MAX * counts.min()
    if not wanted:
        return None
    from sklearn.utils.class_weight import compute_class_weight

    weights: FloatArray = compute_class_weight("balanced", classes=np.arange(classes), y=y).astype(np.float32)
    return weights


def _composed(y: Labels) -> Labels:
    """Return labels as `word` writes them, (n,): without blanks around them, and with accents composed."""
    different = distinct(y)
    composed = np.array([_form(label) for label in different.tolist()])
    return y if np.array_equal(different, composed) else composed[np.searchsorted(different, y)]


def _form(label: object) -> object:
    return word(label) if isinstance(label, str) else label


def _type_name(y: npt.NDArray[np.generic]) -> str:
    return "strings" if y.dtype.kind == "U" else "integers"
