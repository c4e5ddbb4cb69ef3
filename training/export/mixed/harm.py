"""What a graph's answers lose against those of another: by how far they diverge, and in accuracy.

Of a few thousand rows, the accuracy that is seen to be lost is chance, for the most part: some rows are lost
and almost as many gained. What is to be expected is told far more closely by the shares that the float graph
itself gives to the class it would have answered, and to the class that is answered instead. Those shares are
first made to fit the labels (a temperature: Guo et al., "On Calibration of Modern Neural Networks", 2017).
Of MLPerf Tiny's small ResNet with two convolutions in 4 bits, 2,500 validation rows saw a drop of 0.9 points,
and were to be expected one of 0.3; 10,000 test rows saw 0.15.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from evidence.estimate import CONFIDENCE

Doubles = npt.NDArray[np.float64]

_Z = NormalDist().inv_cdf(
    CONFIDENCE
)  # one-sided: that a drop is small is to be shown, and not that it is none
_LEAST = 1e-7  # a probability is taken for no less
_TEMPERATURES = np.geomspace(0.05, 10, 100)


@dataclass(frozen=True)
class Drop:
    """How much accuracy is lost, as a share of the rows."""

    rows: int
    seen: float
    """On the rows themselves, by their labels; less than 0 where it was won."""
    expected: float
    """By what the float graph itself gives to the answers that were changed."""
    expected_low: float
    """The lower end of its one-sided 95% interval."""
    expected_high: float
    """The upper end of the other one."""
    divergence: float
    """Nats by which the answers diverge from the float graph's, on average."""

    @property
    def bound(self) -> float:
        """What it is shown not to exceed, on these rows or on others."""
        return max(self.seen, self.expected_high)


class Reference:
    """The float graph's answers (n, classes) to rows whose class indices are `y` (n,)."""

    def __init__(self, answers: FloatArray, y: npt.NDArray[np.integer]) -> None:
        self._shares = _shares(answers)
        self._y = y
        self._class = self._shares.argmax(axis=1)
        self._fitted = _tempered(self._shares, _temperature(self._shares, y))

    def __len__(self) -> int:
        return len(self._y)

    def divergence(self, answers: FloatArray) -> float:
        """Return the mean Kullback-Leibler divergence of `answers` to the first rows from the reference's."""
        reference = self._shares[: len(answers)]
        return float((reference * np.log(reference / _shares(answers))).sum(axis=1).mean())

    def least_bound(self, rows: int | None = None) -> float:
        """Return the least drop that so many rows can show not to be exceeded, by default all."""
        return least_shown(rows or len(self))

    def drop(self, answers: FloatArray) -> Drop:
        """Return what `answers` to the first rows lose."""
        rows = len(answers)
        numbers, other = np.arange(rows), answers.argmax(axis=1)
        exact, y = self._class[:rows], self._y[:rows]
        lost = self._fitted[numbers, exact] - self._fitted[numbers, other]
        expected, error = float(lost.mean()), float(lost.std()) / sqrt(rows)
        return Drop(
            rows,
            float((exact == y).mean() - (other == y).mean()),
            expected,
            expected - _Z * error,
            max(expected + _Z * error, self.least_bound(rows)),
            self.divergence(answers),
        )


def least_shown(rows: int) -> float:
    """Return the least drop that so many rows can show not to be exceeded (the rule of three)."""
    return -log(1 - CONFIDENCE) / rows


def _shares(answers: FloatArray) -> Doubles:
    clipped = np.maximum(answers.astype(np.float64), _LEAST)
    shares: Doubles = clipped / clipped.sum(axis=1, keepdims=True)
    return shares


def _tempered(shares: Doubles, temperature: float) -> Doubles:
    logits = np.log(shares) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    tempered: Doubles = powers / powers.sum(axis=1, keepdims=True)
    return tempered


def _temperature(shares: Doubles, y: npt.NDArray[np.integer]) -> float:
    """Return that at which the shares of the labels are likeliest."""
    rows = np.arange(len(y))
    losses = [-np.log(np.maximum(_tempered(shares, one)[rows, y], _LEAST)).mean() for one in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])
