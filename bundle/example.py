"""Makes up an instance that a model takes: typical, and nobody's data."""

from __future__ import annotations

from typing import Any

import numpy as np

from bundle.encoder import in_order_of_columns
from bundle.fields import AnyField, BooleanField, CategoryField, NumberField
from bundle.manifest import Manifest

_TEXT = "some words"
_DIGITS = 4


def example(manifest: Manifest) -> Any:
    """Return a row, a text or an object, made of what the normaliser and the fields say of the middle."""
    spec = manifest.input
    middle = _middle(manifest)
    if spec.fields is None:
        return middle
    if spec.kind == "text":
        return _TEXT
    places, column = {}, 0
    for field in in_order_of_columns(spec.fields):
        places[field.name] = middle[column]
        column += field.columns
    return {field.name: _value(field, places[field.name]) for field in spec.fields}


def _middle(manifest: Manifest) -> list[float]:
    """Return what lies in the middle of each feature, shape (features,): the mean, or half of the range."""
    normalizer = manifest.normalizer.build(manifest.input.features)
    offset, scale = normalizer.offset.astype(np.float64), normalizer.scale.astype(np.float64)
    if normalizer.method == "minmax":
        offset = offset + np.divide(0.5, scale, where=scale != 0, out=np.zeros(len(scale)))
    values = np.resize(offset, manifest.input.features)
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _value(field: AnyField, middle: float) -> float | str | bool:
    if isinstance(field, NumberField):
        return middle if field.missing == "refused" else field.fill
    if isinstance(field, BooleanField):
        return field.fill
    return field.categories[0] if isinstance(field, CategoryField) else _TEXT
