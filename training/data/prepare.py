"""From a data set to arrays that a model can be fitted on, with nothing of the test rows leaking into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bundle.encoder import Encoder
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray, Method, Normalizer
from training.config import VOCABULARY
from training.data.dataset import Dataset, IntArray, require_trainable
from training.data.labels import class_indices
from training.data.overlap import Fingerprints, fingerprints, overlap
from training.data.records import encode, fit_encoder
from training.data.rows import Instance
from training.data.scaling import fit_normalizer
from training.data.split import Shares, Split, split
from training.errors import FeaturesError, LabelsError, listed

_ENCODED_AT_ONCE = 10_000


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
    seen: Fingerprints = field(default_factory=lambda: np.zeros(0, np.uint64))
    """Of every row that trains or validates: sorted, each once."""


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
    y = class_indices(data.y, data.labels)
    parts = split(
        y,
        Shares(test_size, validation_size, seed),
        test_rows=data.test_rows,
        groups=data.groups,
        times=data.times,
    )
    _require_every_class(data, y, parts)
    encoder = None
    if data.records is not None:
        fitted = fit_encoder(data.name, data.records, parts.train, tokens=tokens, vocabulary=vocabulary)
        encoder, data = fitted.encoder, replace(data, input=fitted.input)
    seen, repeated = _seen(data, parts)
    lengths = None if data.lengths is None else data.lengths[parts.train]
    x_train = _rows(data, encoder, parts.train)
    normalizer = fit_normalizer(normalize, x_train, data.input, lengths)
    return Prepared(
        data.input,
        data.labels,
        normalizer,
        x_train,
        y[parts.train],
        _rows(data, encoder, parts.validation),
        y[parts.validation],
        _rows(data, encoder, parts.test),
        y[parts.test],
        _constant_notes(data, normalizer) + ((repeated,) if repeated else ()),
        encoder,
        None if data.records is None else data.records.take(parts.test),
        seen,
    )


def _seen(data: Dataset, parts: Split) -> tuple[Fingerprints, str | None]:
    """Return the fingerprints of what is learnt from, and a sentence where test rows are among them."""
    told_apart = fingerprints(data.x, None if data.records is None else data.records.instances)
    seen = np.unique(told_apart[np.concatenate([parts.train, parts.validation])])
    return seen, overlap(told_apart[parts.test], seen)


def _rows(data: Dataset, encoder: Encoder | None, part: IntArray) -> FloatArray:
    """Return the raw rows of these numbers, (m, features). Objects are encoded a few thousand at a time."""
    if encoder is None or data.records is None:
        return data.x[part]
    rows = np.empty((len(part), encoder.features), np.float32)
    for start in range(0, len(part), _ENCODED_AT_ONCE):
        piece = slice(start, start + _ENCODED_AT_ONCE)
        rows[piece] = encode(data.name, encoder, data.records.take(part[piece]))
    return rows


def _require_every_class(data: Dataset, y: IntArray, parts: Split) -> None:
    required = {"train": parts.train, "validation": parts.validation}
    if not data.test_rows:  # a published test split is what it is
        required["test"] = parts.test
    if data.groups is not None or data.times is not None:
        _require_learnable(data, y, required)
        return
    for part, rows in required.items():
        absent = np.setdiff1d(np.arange(len(data.labels)), y[rows])
        if len(absent):
            label = data.labels[absent[0]]
            raise LabelsError(
                f"{data.name} has {np.count_nonzero(y == absent[0])} rows of class {label!r}, too few to "
                f"have one in the {part} split; give more rows, or smaller splits"
            )


def _require_learnable(data: Dataset, y: IntArray, parts: Mapping[str, IntArray]) -> None:
    """Raise LabelsError where groups, or time, leave a part empty, or a class without a row to learn from."""
    option = "--time" if data.groups is None else "--group"
    empty = [part for part, rows in parts.items() if len(rows) == 0]
    if empty:
        raise LabelsError(f"{data.name} has no rows in the {empty[0]} split, as {option} cuts it")
    absent = np.setdiff1d(np.arange(len(data.labels)), y[parts["train"]])
    if len(absent):
        raise LabelsError(
            f"{data.name} has no row of class {data.labels[absent[0]]!r} in the train split, as {option} "
            "cuts it"
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
    named = listed([repr(names[index]) if names else str(index) for index in constant])
    thing = "feature" if data.input.kind == "vector" else "channel"
    return (f"ignored {thing} {named}: constant in the training rows",)
