"""Makes up an instance that is typical of the rows that a model was made with, and is none of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from bundle.encoder import Encoder, in_order_of_columns
from bundle.example import TEXT, middle
from bundle.fields import AnyField, BooleanField, CategoryField, NumberField
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from bundle.vocabulary import FIRST_WORD
from training.data.prepare import Prepared

_ROWS_MIN = 20  # what is common to fewer may show whose they are
_CELLS_MAX = 2**23  # that are looked at: of many rows, some, evenly spaced


def typical(prepared: Prepared) -> JsonValue:
    """Return the median of each number and the commonest of all else, taken each by itself.

    Of the rows that train, or calibrate where nothing was trained. Where they are few, or one of any part is
    the same as what was made up, return what the normaliser says of the middle: medians of a row or two
    would be those rows, and so is the median of a single feature.
    """
    rows, encoder = prepared.x_train, prepared.encoder
    elsewhere = middle(prepared.input, prepared.normalizer)
    if len(rows) < _ROWS_MIN:
        return elsewhere
    looked_at = rows[:: -(-rows.size // _CELLS_MAX)]
    made: JsonValue
    if encoder is None:
        made = [_plain(value) for value in _medians(looked_at, prepared.input)]
        row = np.array(made, np.float32)
    else:
        made = _common(looked_at, encoder)
        row = encoder.encode([made])[0]
    parts = (rows, prepared.x_validation, prepared.x_test)
    return elsewhere if any((part == row).all(axis=1).any() for part in parts) else made


def _medians(rows: FloatArray, spec: InputSpec) -> FloatArray:
    """Return the median of each feature of (n, features); of padded rows, of the steps that are real."""
    made: FloatArray
    if not spec.padded:
        made = _median(rows)
        return made
    steps: FloatArray = rows.reshape(-1, *spec.shape)
    is_real: npt.NDArray[np.bool_] = np.any(steps != 0, axis=2)
    lengths = np.max(is_real * np.arange(1, spec.shape[0] + 1), axis=1)
    made = np.zeros(spec.shape, np.float32)
    for step in range(int(_median(lengths))):
        made[step] = _median(steps[lengths > step, step])
    return made.reshape(-1)


def _median(values: npt.NDArray[Any]) -> Any:
    """Return the lower median along the first axis: a value that was there, so that of ages it is an age."""
    place = (len(values) - 1) // 2
    return np.partition(values, place, axis=0)[place]


def _common(rows: FloatArray, encoder: Encoder) -> JsonValue:
    """Return the instance, a text or an object, of what is common in each field's columns of the rows."""
    values: dict[str, JsonValue] = {}
    column = 0
    for field in in_order_of_columns(encoder.fields):
        values[field.name] = _value(field, rows[:, column : column + field.columns], encoder)
        column += field.columns
    return (
        values[encoder.fields[0].name] if encoder.bare else {f.name: values[f.name] for f in encoder.fields}
    )


def _value(field: AnyField, columns: FloatArray, encoder: Encoder) -> float | str | bool:
    if isinstance(field, CategoryField):
        return field.categories[int(columns[:, : len(field.categories)].sum(axis=0).argmax())]
    if isinstance(field, NumberField | BooleanField):
        there = columns[columns[:, -1] == 0] if field.missing == "filled" else columns
        common = _plain(_median(there[:, 0])) if len(there) else field.fill
        return bool(common) if isinstance(field, BooleanField) else common
    return _text(columns, encoder)


def _text(ids: FloatArray, encoder: Encoder) -> str:
    """Return the words that the texts of these `ids`, (n, tokens), have most, as many as a text has."""
    length = int(_median(np.count_nonzero(ids, axis=1)))
    counts = np.bincount(ids.astype(np.int64).ravel(), minlength=encoder.vocabulary.size)[FIRST_WORD:]
    commonest = np.argsort(-counts, kind="stable")[: max(1, length)]
    return " ".join(encoder.vocabulary.words[place] for place in commonest if counts[place]) or TEXT


def _plain(value: np.generic) -> float:
    """Return a number as a person would write it: 0.3 and not 0.30000001192092896, 35 and not 35.0."""
    number = float(str(value))
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
