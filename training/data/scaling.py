"""Fits the normaliser on what the training rows really hold: no padding, no token ids, no yes and no."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bundle.encoder import in_order_of_columns
from bundle.fields import NumberField
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray, Method, Normalizer
from training.data.dataset import IntArray


def fit_normalizer(
    method: Method, rows: FloatArray, spec: InputSpec, lengths: IntArray | None = None
) -> Normalizer:
    """Fit on raw training `rows`, shape (n, features), of which `lengths`, shape (n,), are true steps.

    The numbers of a table are put on one scale. Its columns of 0 and 1, and token ids, are left as they are,
    but for a column that is constant in the training rows: it taught the model nothing, and is ignored.
    """
    if spec.kind == "text":
        return Normalizer(method, spec.features, np.zeros(1, np.float32), np.ones(1, np.float32))
    if spec.kind == "table":
        return _of_table(method, rows, spec)
    if lengths is None:
        return Normalizer.fit(method, rows, channels=spec.channels)
    fitted = Normalizer.fit(method, true_steps(rows, spec, lengths), channels=spec.channels)
    return Normalizer(method, spec.features, fitted.offset, fitted.scale)


def true_steps(rows: FloatArray, spec: InputSpec, lengths: IntArray) -> FloatArray:
    """Return the steps of all rows that are no padding, shape (steps, coefficients)."""
    steps = rows.reshape(-1, *spec.shape)
    held: FloatArray = steps[np.arange(spec.shape[0])[None] < lengths[:, None]]
    return held


def _of_table(method: Method, rows: FloatArray, spec: InputSpec) -> Normalizer:
    fitted = Normalizer.fit(method, rows, channels=spec.features)
    quantity = _quantities(spec)
    offset = np.where(quantity, fitted.offset, np.float32(0))
    scale = np.where(quantity | (fitted.scale == 0), fitted.scale, np.float32(1))
    scale[spec.features - spec.tokens :] = 1  # a place of the texts that is always padding is still an id
    return Normalizer(method, spec.features, offset, scale)


def _quantities(spec: InputSpec) -> npt.NDArray[np.bool_]:
    """Tell which columns of a table are measured: of a number that may be missing, the first of two."""
    columns: list[bool] = []
    for field in in_order_of_columns(spec.fields or ()):
        if isinstance(field, NumberField):
            columns += [True, False][: field.columns]
        else:
            columns += [False] * field.columns
    return np.array(columns, np.bool_)
