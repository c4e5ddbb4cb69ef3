"""An instance that a model takes: typical, and nobody's data."""

from __future__ import annotations

import numpy as np
from pydantic import JsonValue

from bundle.encoder import in_order_of_columns
from bundle.fields import AnyField, BooleanField, CategoryField, NumberField
from bundle.manifest import InputSpec, Manifest
from bundle.normalizer import Normalizer

TEXT = "some words"
_DIGITS = 4


def example(manifest: Manifest) -> JsonValue:
    """Return a row, a text or an object: the one that was made up with the model, or what lies in the middle.

    An older release made none up.
    """
    if manifest.example is not None:
        return manifest.example
    return middle(manifest.input, manifest.normalizer.build(manifest.input.features))


def middle(spec: InputSpec, normalizer: Normalizer) -> JsonValue:
    """Return an instance of what the normaliser and the fields say of the middle."""
    values = _middle_values(normalizer)
    if spec.fields is None:
        return [*values]
    if spec.kind == "text":
        return TEXT
    places, column = {}, 0
    for field in in_order_of_columns(spec.fields):
        places[field.name] = values[column]
        column += field.columns
    return {field.name: _value(field, places[field.name]) for field in spec.fields}


def _middle_values(normalizer: Normalizer) -> list[float]:
    """Return what lies in the middle of each feature, shape (features,): the mean, or half of the range."""
    offset, scale = normalizer.offset.astype(np.float64), normalizer.scale.astype(np.float64)
    if normalizer.method == "minmax":
        offset = offset + np.divide(0.5, scale, where=scale != 0, out=np.zeros(len(scale)))
    values = np.resize(offset, normalizer.features)
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _value(field: AnyField, middle: float) -> float | str | bool:
    if isinstance(field, NumberField):
        return middle if field.missing == "refused" else field.fill
    if isinstance(field, BooleanField):
        return field.fill
    return field.categories[0] if isinstance(field, CategoryField) else TEXT
