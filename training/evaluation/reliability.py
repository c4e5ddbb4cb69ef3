"""Whether a model that says 0.9 is right nine times in ten: the reliability of its probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from training.data.dataset import IntArray

BINS = 15  # of equal width, as Guo et al. 2017 have it
PROBABILITY_MIN = 1e-7  # below the resolution of int8, and far above float32's; its logarithm is -16.1


@dataclass(frozen=True)
class Reliability:
    """Two figures, each the better the smaller."""

    error: float
    """Expected calibration error: see `expected_calibration_error`."""
    brier: float
    """The mean squared distance of the probabilities from what was true (Brier 1950): summed over the
    classes, 0 to 2; of two classes that of the second alone, 0 to 1, as is usual."""

    @classmethod
    def of(cls, y: IntArray, probabilities: FloatArray) -> Reliability:
        """Measure probabilities (n, classes) against class indices `y` (n,)."""
        from sklearn.metrics import brier_score_loss

        shares = as_shares(probabilities)
        right = probabilities.argmax(axis=1) == y
        return cls(
            expected_calibration_error(right, shares.max(axis=1)),
            float(brier_score_loss(y, shares, labels=np.arange(shares.shape[1]))),
        )


def as_shares(probabilities: FloatArray) -> npt.NDArray[np.float64]:
    """Make rows (n, classes) sum to 1, no entry 0: int8's rows do neither."""
    shares = np.clip(probabilities.astype(np.float64), PROBABILITY_MIN, 1.0)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def expected_calibration_error(right: npt.NDArray[np.bool_], confidence: npt.NDArray[np.float64]) -> float:
    """Return the mean distance of confidence and accuracy over 15 bins, weighed by their rows.

    Naeini, Cooper and Hauskrecht 2015; bins of the predicted class's probability as in Guo et al., "On
    calibration of modern neural networks", 2017: (0, 1/15], ..., (14/15, 1]. Of few rows it is never 0, even
    for a perfect model: compare it between variants on the same rows, and not with nothing. By hand, since
    scikit-learn's `calibration_curve` does not tell how many rows a bin has.
    """
    bins = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    distance = np.bincount(bins, weights=confidence - right, minlength=BINS)
    return float(np.abs(distance).sum() / len(right))
