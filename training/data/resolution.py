"""What is lost where numbers become float32, which is what every runtime takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from training.errors import FeaturesError

# A feature whose range is so many steps of float32 keeps enough of its values to learn from.
_STEPS_ENOUGH = 4096


def merged_features(
    name: str, given: npt.NDArray[Any], rows: FloatArray, column_name: Callable[[int], str]
) -> tuple[str, ...]:
    """Return a sentence for each feature of which float32 can tell less than half the values apart.

    `given` are the rows, (n, features), as they were read, and `rows` the same as float32. Raises
    FeaturesError where features vary, and none does as float32.
    """
    if given.dtype.itemsize <= 2 or given.dtype == np.float32:
        return ()
    low, high = given.min(axis=0), given.max(axis=0)
    coarse = np.flatnonzero(_is_coarse(low, high))
    told = (merged(column_name(column), given[:, column]) for column in coarse.tolist())
    sentences = tuple(sentence for sentence in told if sentence is not None)
    if sentences and len(coarse) == np.count_nonzero(high > low) and (rows == rows[0]).all():
        raise FeaturesError(f"{name}: every feature is constant as float32: {sentences[0]}")
    return sentences


def merged(column: str, given: npt.NDArray[Any]) -> str | None:
    """Return a sentence on the values of a column, (n,), if float32 tells less than half of them apart."""
    low, high = given.min(), given.max()
    if not _is_coarse(low, high):
        return None
    distinct, left = len(np.unique(given)), len(np.unique(given.astype(np.float32)))
    if 2 * left >= distinct:
        return None
    return (
        f"{column} holds {_shown(low)} to {_shown(high)}, where float32 goes in steps of "
        f"{_step(low, high):g} and tells only {left:,} of {distinct:,} values apart: subtract an offset such "
        f"as {_shown(low)} from it, here and in what clients send"
    )


def _is_coarse(low: Any, high: Any) -> Any:
    return (high > low) & (high.astype(np.float64) - low < _STEPS_ENOUGH * _step(low, high))


def _step(low: Any, high: Any) -> Any:
    """Return how far apart the values are that float32 has about there."""
    return np.spacing(np.maximum(np.abs(low.astype(np.float32)), np.abs(high.astype(np.float32))))


def _shown(value: Any) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
