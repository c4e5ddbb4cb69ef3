"""Puts raw features on one scale, in float32 and before the graph, with numbers fitted on training rows.

A full-integer graph gives its input one scale for all features. Normalising inside such a graph ruins data
whose features differ in size, so it is done here, by the same code when fitting and when serving.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Method = Literal["standardize", "minmax"]

# A normalised value is held within this many units. No training row comes near it; without it, a finite
# but absurd input would overflow inside the graph and come out as NaN.
SATURATION = 1e4

_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Normalizer:
    """Maps `x` to `(x - offset) * scale`, a pair of numbers for each channel.

    Feature `j` belongs to channel `j % channels`: a vector has a channel for each feature, a sequence one for
    each coefficient of a frame, a grey image a single one. A channel that was constant in the training rows
    has scale 0: whatever arrives there, the model sees 0.
    """

    method: Method
    features: int
    offset: FloatArray  # (channels,)
    scale: FloatArray  # (channels,)
    # Of a row's own shape: with a single row, the commonest call, NumPy need not broadcast, which halves it.
    _offset: FloatArray = field(init=False, repr=False, compare=False)  # (1, features)
    _scale: FloatArray = field(init=False, repr=False, compare=False)  # (1, features)
    _lowest: FloatArray = field(init=False, repr=False, compare=False)  # (1, features)
    _highest: FloatArray = field(init=False, repr=False, compare=False)  # (1, features)

    def __post_init__(self) -> None:
        """Raise ValueError where the numbers do not describe `features` features."""
        channels = len(self.offset)
        if self.offset.ndim != 1 or self.offset.shape != self.scale.shape or channels == 0:
            raise ValueError(f"offset {self.offset.shape} and scale {self.scale.shape} must be equal vectors")
        if self.features % channels:
            raise ValueError(f"{self.features} features do not divide into {channels} channels")
        if not (np.isfinite(self.offset).all() and np.isfinite(self.scale).all()):
            raise ValueError("offset and scale must be finite")
        repeats = self.features // channels
        offset, scale = np.tile(self.offset, repeats), np.tile(self.scale, repeats)
        reach = np.divide(
            SATURATION, np.abs(scale, dtype=np.float64), where=scale != 0, out=np.zeros(len(scale))
        )
        reach = np.minimum(reach, 0.99 * _FLOAT32_MAX)  # or the difference from the offset would overflow
        bounds = np.clip([offset - reach, offset + reach], -_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32)
        for name, value in zip(
            ("_offset", "_scale", "_lowest", "_highest"), (offset, scale, *bounds), strict=True
        ):
            object.__setattr__(self, name, value[None])

    @classmethod
    def fit(cls, method: Method, rows: FloatArray, *, channels: int) -> Normalizer:
        """Fit on training `rows`, shape (n, features); the statistics are taken in float64."""
        values = rows.reshape(-1, channels).astype(np.float64)
        if method == "standardize":
            offset, spread = values.mean(axis=0), values.std(axis=0)
        else:
            offset, spread = values.min(axis=0), np.ptp(values, axis=0)
        # Rounding alone gives a constant column a deviation of about 1e-16 of its size, never exactly 0.
        constant = np.ptp(values, axis=0) == 0
        scale = np.divide(1.0, spread, where=~constant, out=np.zeros(channels))
        return cls(method, rows.shape[1], offset.astype(np.float32), _within_float32(scale))

    @property
    def constant_channels(self) -> list[int]:
        """The channels that told the training rows nothing apart, and are therefore ignored."""
        return [int(channel) for channel in np.flatnonzero(self.scale == 0)]

    def apply(self, rows: FloatArray) -> FloatArray:
        """Normalise finite raw `rows`, shape (batch, features), into a new array of that shape."""
        out = np.maximum(rows, self._lowest)
        np.minimum(out, self._highest, out=out)
        np.subtract(out, self._offset, out=out)
        np.multiply(out, self._scale, out=out)
        return out


def _within_float32(values: npt.NDArray[np.float64]) -> FloatArray:
    return np.minimum(values, _FLOAT32_MAX).astype(np.float32)
