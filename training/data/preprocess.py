"""From a data set to arrays that a model can be fitted on, with nothing of the test rows leaking into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bundle.encoder import Encoder
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray, Method, Normalizer
from training.config import VOCABULARY
from training.data.dataset import Dataset, require_trainable
from training.data.records import Instance, fit_encoder
from training.data.scaling import fit_normalizer
from training.errors import FeaturesError, LabelsError

# Above this ratio of the largest class to the smallest, classes count as unbalanced.
BALANCED_RATIO_MAX = 1.5

_NAMED_MAX = 5

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts; together they are all rows, and no row is in two."""

    train: IntArray
    validation: IntArray
    test: IntArray


@dataclass(frozen=True)
class Prepared:
    """What training, calibration and evaluation work on. Rows are raw; `normalizer` is for them."""

    input: InputSpec
    labels: tuple[int, ...] | tuple[str, ...]
    normalizer: Normalizer
    x_train: FloatArray  # (n, features)
    y_train: IntArray  # (n,), class indices: positions in `labels`
    x_validation: FloatArray
    y_validation: IntArray
    x_test: FloatArray
    y_test: IntArray
    notes: tuple[str, ...] = ()
    encoder: Encoder | None = None
    """What made the rows, where they were texts or objects."""
    test_instances: Sequence[Instance] | None = None
    """What the test rows were before."""


def prepare(
    data: Dataset,
    *,
    normalize: Method,
    test_size: float,
    validation_size: float,
    seed: int,
    tokens: int | None = None,
    vocabulary: int = VOCABULARY,
) -> Prepared:
    """Split `data`, number its labels, and fit encoder and normaliser on the training rows.

    Raises DataError where some class would have no row in some part, or no feature varies.
    """
    require_trainable(data)
    y = encode(data.y, data.labels)
    parts = split(
        y, test_size=test_size, validation_size=validation_size, seed=seed, test_rows=data.test_rows
    )
    _require_every_class(data, y, parts)
    encoder = None
    if data.records is not None:
        encoded = fit_encoder(
            data.name, data.records, parts.train.tolist(), tokens=tokens, vocabulary=vocabulary
        )
        encoder, data = encoded.encoder, replace(data, x=encoded.x, input=encoded.input)
    lengths = None if data.lengths is None else data.lengths[parts.train]
    normalizer = fit_normalizer(normalize, data.x[parts.train], data.input, lengths)
    return Prepared(
        data.input,
        data.labels,
        normalizer,
        data.x[parts.train],
        y[parts.train],
        data.x[parts.validation],
        y[parts.validation],
        data.x[parts.test],
        y[parts.test],
        _constant_notes(data, normalizer),
        encoder,
        None if data.records is None else data.records.take(parts.test.tolist()),
    )


def encode(y: npt.NDArray[np.generic], labels: tuple[int, ...] | tuple[str, ...]) -> IntArray:
    """Map each label to its position in the sorted `labels`. Raises LabelsError for one that is not there."""
    known = np.array(labels)
    if known.dtype.kind != y.dtype.kind:
        raise LabelsError(f"labels are {_type_name(y)} here, and {_type_name(known)} to the model")
    positions = np.minimum(np.searchsorted(known, y), len(known) - 1)
    strange = np.unique(y[known[positions] != y]).tolist()
    if strange:
        given = ", ".join(repr(label) for label in strange[:_NAMED_MAX])
        allowed = ", ".join(repr(label) for label in labels)
        raise LabelsError(f"the model does not know the label {given}; it knows {allowed}")
    return positions.astype(np.int64)


def split(y: IntArray, *, test_size: float, validation_size: float, seed: int, test_rows: int = 0) -> Split:
    """Cut row numbers into three parts, each class in the same proportion, at random but by the seed.

    Class by class, rather than by scikit-learn's `train_test_split`, so that a class of five rows is in every
    part. The last `test_rows`, where there are any, are the test part as published.
    """
    random = np.random.default_rng(seed)
    drawn: dict[str, list[IntArray]] = {"train": [], "validation": [], "test": []}
    candidates = np.arange(len(y) - test_rows)
    for label in np.unique(y):
        rows = random.permutation(candidates[y[: len(candidates)] == label])
        tested = 0 if test_rows else _share(test_size, len(rows))
        validated = _share(validation_size, len(rows) - tested)
        drawn["test"].append(rows[:tested])
        drawn["validation"].append(rows[tested : tested + validated])
        drawn["train"].append(rows[tested + validated :])
    # Shuffled, so that the first few rows of a part are a fair sample of it.
    parts = {part: random.permutation(np.concatenate(rows)) for part, rows in drawn.items()}
    if test_rows:
        parts["test"] = np.arange(len(candidates), len(y))
    return Split(**parts)


def class_weights(y: IntArray, classes: int, *, wanted: bool | None) -> FloatArray | None:
    """Return the weight of each class, n / (classes * rows of the class), or None where all weigh the same.

    With `wanted` None, classes are weighed where the largest has over 1.5 times the rows of the smallest.
    """
    counts = np.bincount(y, minlength=classes)
    if wanted is None:
        wanted = counts.max() > BALANCED_RATIO_MAX * counts.min()
    return (len(y) / (classes * counts)).astype(np.float32) if wanted else None


def stratified_sample(y: IntArray, size: int, seed: int) -> IntArray:
    """Return at most `size` row numbers, at random by the seed, in the proportions of the classes."""
    if size >= len(y):
        return np.arange(len(y))
    shuffled = np.random.default_rng(seed).permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    # Evenly spaced places in rows sorted by class hit each class in proportion.
    return np.sort(by_class[np.linspace(0, len(y) - 1, size).astype(np.int64)])


def _share(share: float, rows: int) -> int:
    return min(rows, max(1, round(share * rows)))


def _require_every_class(data: Dataset, y: IntArray, parts: Split) -> None:
    required = {"train": parts.train, "validation": parts.validation}
    if not data.test_rows:  # a published test split is what it is
        required["test"] = parts.test
    for part, rows in required.items():
        absent = np.setdiff1d(np.arange(len(data.labels)), y[rows])
        if len(absent):
            label = data.labels[absent[0]]
            raise LabelsError(
                f"{data.name} has {np.count_nonzero(y == absent[0])} rows of class {label!r}, too few to "
                f"have one in the {part} split; give more rows, or smaller splits"
            )


def _constant_notes(data: Dataset, normalizer: Normalizer) -> tuple[str, ...]:
    constant = normalizer.constant_channels
    if not constant:
        return ()
    if len(constant) == len(normalizer.scale):
        raise FeaturesError(f"{data.name}: every feature is constant in the training rows")
    if data.input.fields is not None:
        return ()  # what no training row had, such as a category for others, is no surprise
    names = data.input.feature_names
    named = ", ".join(repr(names[index]) if names else str(index) for index in constant[:_NAMED_MAX])
    more = f" and {len(constant) - _NAMED_MAX} more" if len(constant) > _NAMED_MAX else ""
    thing = "feature" if data.input.kind == "vector" else "channel"
    return (f"ignored {thing} {named}{more}: constant in the training rows",)


def _type_name(y: npt.NDArray[np.generic]) -> str:
    return "strings" if y.dtype.kind == "U" else "integers"
