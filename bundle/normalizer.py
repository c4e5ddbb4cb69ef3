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
Preparation = Method | Literal["given"]

# A normalised value is held within this many units. No training row comes near it; without it, a finite
# but absurd input would overflow inside the graph and come out as NaN.
SATURATION = 1e4
# Of a model that others trained nobody knows what its rows were; float32 has room for this in any layer.
_SATURATION_OF_OTHERS = 1e9

_PIECE_CELLS = 2**20  # that are looked at in float64 at once

_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Normalizer:
    """Maps `x` to `(x - offset) * scale`, where it is `given` to `x * scale + offset`; a pair a channel.

    Feature `j` belongs to channel `j % channels`: a vector has a channel for each feature, a sequence one for
    each coefficient of a frame, a grey image a single one. A channel that was constant in the training rows
    has scale 0: whatever arrives there, the model sees 0.
    """

    method: Preparation
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
        is_given = self.method == "given"
        reach = np.divide(
            _SATURATION_OF_OTHERS if is_given else SATURATION,
            np.abs(scale, dtype=np.float64),
            where=scale != 0,
            out=np.zeros(len(scale)),
        )
        reach = np.minimum(reach, 0.99 * _FLOAT32_MAX)  # or the difference from the offset would overflow
        middle = np.zeros_like(offset) if is_given else offset
        bounds = np.clip([middle - reach, middle + reach], -_FLOAT32_MAX, _FLOAT32_MAX).astype(np.float32)
        for name, value in zip(
            ("_offset", "_scale", "_lowest", "_highest"), (offset, scale, *bounds), strict=True
        ):
            object.__setattr__(self, name, value[None])

    @classmethod
    def fit(cls, method: Method, rows: FloatArray, *, channels: int) -> Normalizer:
        """Fit on training `rows`, shape (n, features); the statistics are taken in float64."""
        values = rows.reshape(-1, channels)
        low, high = values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64)
        offset, spread = _moments(values) if method == "standardize" else (low, high - low)
        # Rounding alone gives a constant column a deviation of about 1e-16 of its size, never exactly 0.
        scale = np.divide(1.0, spread, where=low != high, out=np.zeros(channels))
        return cls(method, rows.shape[1], offset.astype(np.float32), _within_float32(scale))

    @classmethod
    def given(cls, features: int, *, channels: int, scale: float = 1.0, offset: float = 0.0) -> Normalizer:
        """Return what a model's own preparation is, the same in every channel: `x * scale + offset`.

        Raises ValueError where float32 cannot hold the numbers, or they map every row to the same.
        """
        with np.errstate(over="ignore"):
            numbers = np.array([offset, scale], np.float32)
        if numbers[1] == 0:
            raise ValueError(f"a scale of {scale:g} makes every value the same")
        return cls("given", features, *(np.full(channels, number, np.float32) for number in numbers))

    @property
    def constant_channels(self) -> list[int]:
        """The channels that told the training rows nothing apart, and are therefore ignored."""
        return [int(channel) for channel in np.flatnonzero(self.scale == 0)]

    def apply(self, rows: FloatArray) -> FloatArray:
        """Normalise finite raw `rows`, shape (batch, features), into a new array of that shape."""
        out = np.maximum(rows, self._lowest)
        np.minimum(out, self._highest, out=out)
        if self.method == "given":
            np.multiply(out, self._scale, out=out)
            np.add(out, self._offset, out=out)
        else:
            np.subtract(out, self._offset, out=out)
            np.multiply(out, self._scale, out=out)
        return out


def _moments(values: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and standard deviation of each column; in float64, a few rows at a time."""
    count, columns = values.shape
    pieces = range(0, count, max(1, _PIECE_CELLS // columns))
    blocks = [slice(start, start + pieces.step) for start in pieces]
    mean = sum(values[rows].sum(axis=0, dtype=np.float64) for rows in blocks) / count
    squares = sum(np.square(values[rows] - mean).sum(axis=0) for rows in blocks)
    return mean, np.sqrt(squares / count)


def _within_float32(values: npt.NDArray[np.float64]) -> FloatArray:
    return np.minimum(values, _FLOAT32_MAX).astype(np.float32)
