"""Columns that number the rows: a model learns from one in which order the rows were, and nothing of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_ROWS_MIN = 20  # of fewer, whole numbers are in order by chance


def counts_rows(column: npt.NDArray[Any]) -> bool:
    """Tell whether a column, (n,), is an index: whole numbers, all different, in order or without a gap."""
    if column.dtype.kind not in "iuf" or len(column) < _ROWS_MIN:
        return False
    values = column.astype(np.float64)
    low, high = values.min(), values.max()
    if not high - low >= len(values) - 1 or (values != np.floor(values)).any():
        return False
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return True
    return bool(high - low == len(values) - 1 and len(np.unique(values)) == len(values))
