"""The losses as published, of targets and probabilities of one shape: (n,), or (n, classes)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating | np.integer | np.bool_]

PROBABILITY_MIN = 1e-7  # below the resolution of int8, and far above float32's; its logarithm is -16.1


def mean_squared_error(y: Numbers, p: Numbers) -> float:
    """Return the mean of (y - p)² over all entries.

    Example:
        mean_squared_error([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.2])  # 0.025
    """
    return float(np.square(np.subtract(y, p, dtype=np.float64)).mean())


def cross_entropy(y: Numbers, p: Numbers) -> float:
    """Return -(1/n) Σ y ln p over n rows, in nats; a probability below 1e-7 counts as 1e-7.

    With one column, rows of target 0 add nothing: that is half of what a binary model is fitted with.

    Example:
        cross_entropy([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.2])  # 0.0821
    """
    logs = np.log(np.maximum(np.asarray(p, np.float64), PROBABILITY_MIN))
    return float(-np.multiply(y, logs).sum() / len(logs))


def binary_cross_entropy(y: Numbers, p: Numbers) -> float:
    """Return -(1/n) Σ (y ln p + (1 - y) ln(1 - p)), in nats, of the probability `p` (n,) of class 1.

    Example:
        binary_cross_entropy([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.2])  # 0.1643
    """
    both = np.column_stack([np.subtract(1.0, y), y]), np.column_stack([np.subtract(1.0, p), p])
    return cross_entropy(*both)
