"""What every runtime does, whatever runs the graph behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray

# The inputs of a graph that takes token ids: those, int32, and the other columns, float32, if there are any.
TOKENS = "tokens"
ROWS = "rows"

BATCH_MAX = 128  # rows in one call of a graph; more gain nothing and cost memory


class Runtime(Protocol):
    """A loaded variant. It is not thread-safe: give each thread one of its own."""

    def predict(self, rows: FloatArray) -> FloatArray:
        """Map raw finite feature vectors, shape (batch, features), to probabilities, (batch, classes)."""
        ...


def batches(rows: int, most: int = BATCH_MAX) -> Iterator[slice]:
    """Cut `rows` rows into batches whose sizes are powers of two, at most `most`, largest first.

    So a graph is prepared for eight sizes, and no row is ever computed for nothing.
    """
    start = 0
    while start < rows:
        size = min(most, 1 << ((rows - start).bit_length() - 1))
        yield slice(start, start + size)
        start += size


def as_ids(normalized: FloatArray, tokens: int) -> npt.NDArray[np.int32]:
    """Return the last `tokens` columns as the whole numbers that they are: a graph takes them apart.

    An integer graph has one scale for a float input. Ids would be rounded by it, each to some other word.
    """
    return normalized[:, normalized.shape[1] - tokens :].astype(np.int32)


def of_logits(logits: FloatArray) -> FloatArray:
    """Return the probabilities that `logits` (n, columns) stand for: one column by the logistic function."""
    if logits.shape[1] == 1:
        chances: FloatArray = np.float32(0.5) * (1 + np.tanh(logits * np.float32(0.5)))  # no overflow
        return chances
    wide = logits.astype(np.float64)  # in which no difference of two overflows
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    shares: FloatArray = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def as_probabilities(output: FloatArray, classes: int) -> FloatArray:
    """Return a graph's `output` with a column for each class: one sigmoid column becomes two."""
    if output.shape[1] == classes:
        return output
    probabilities = np.empty((len(output), classes), np.float32)
    np.subtract(1.0, output, out=probabilities[:, :1])
    probabilities[:, 1:] = output
    return probabilities
