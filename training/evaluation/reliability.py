"""Whether a model that says 0.9 is right nine times in ten: the calibration of its probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from training.data.preprocess import IntArray
from training.evaluation.losses import PROBABILITY_MIN, mean_squared_error

Doubles = npt.NDArray[np.float64]

BINS = 15  # of equal width, as Guo et al. 2017 have it


@dataclass(frozen=True)
class Calibration:
    """Two figures, each the better the smaller."""

    error: float
    """Expected calibration error: see `expected_calibration_error`."""
    brier: float
    """Brier score: see `brier_score`."""


def calibrate(y: IntArray, probabilities: FloatArray) -> Calibration:
    """Measure probabilities (n, classes) against class indices `y` (n,)."""
    shares = as_shares(probabilities)
    right = probabilities.argmax(axis=1) == y
    return Calibration(expected_calibration_error(right, shares.max(axis=1)), brier_score(y, shares))


def as_shares(probabilities: FloatArray) -> Doubles:
    """Make rows (n, classes) sum to 1, each entry at least 1e-7: int8's rows do neither."""
    shares = np.clip(probabilities.astype(np.float64), PROBABILITY_MIN, 1.0)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def expected_calibration_error(
    right: npt.NDArray[np.bool_],
    confidence: Doubles,
) -> float:
    """Return the mean distance of confidence and accuracy over 15 bins, weighed by their rows.

    Naeini, Cooper and Hauskrecht 2015; bins of the predicted class's probability as in Guo et al., "On
    calibration of modern neural networks", 2017: (0, 1/15], ..., (14/15, 1]. Of few rows it is never 0, even
    for a perfect model: compare it between variants on the same rows, and not with nothing.
    """
    bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    distance = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(distance).sum() / len(right))


def brier_score(y: IntArray, shares: Doubles) -> float:
    """Return the mean squared distance of `shares` (n, classes) from what was true (Brier 1950).

    Summed over the classes, 0 to 2; of two classes that of the second alone, 0 to 1, as is usual.
    """
    classes: int = shares.shape[1]
    if classes == 2:
        return mean_squared_error(y, shares[:, 1])
    return classes * mean_squared_error(np.eye(classes)[y], shares)
