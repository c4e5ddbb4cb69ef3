"""How much of what a tensor says is signal, and how much is noise that quantisation put there."""

from __future__ import annotations

from math import inf, log10

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from training.diagnosis.tensors import Quantization

Doubles = npt.NDArray[np.float64]


class Tally:
    """Sums over batches, from which the ratio of one tensor follows, unit by unit of its last axis."""

    def __init__(self, quantization: Quantization | None) -> None:
        whole = quantization is not None and len(quantization.scales) == 1
        self._bounds = quantization.range if quantization is not None and whole else None
        self._half_step = float(quantization.scales[0]) / 2 if quantization is not None and whole else 0.0
        self._cut_off = 0.0
        self._rows = self._clipped = self._values = 0
        # Of each place in a row, (...), and of the noise of each unit, (units,).
        self._sum: Doubles | float = 0.0
        self._squares: Doubles | float = 0.0
        self._noise: Doubles | float = 0.0

    def add(self, reference: FloatArray, variant: FloatArray) -> None:
        """Add a batch of one tensor, (rows, ..., units), as each graph has it; without units there is one."""
        if reference.ndim < 2:
            reference, variant = reference.reshape(-1, 1), variant.reshape(-1, 1)
        exact = reference.astype(np.float64)
        self._rows += len(exact)
        self._sum += exact.sum(axis=0)
        self._squares += np.square(exact).sum(axis=0)
        self._noise += np.square(variant - exact).reshape(-1, exact.shape[-1]).sum(axis=0)
        self._values += exact.size
        if self._bounds is not None:
            beyond = np.abs(exact - np.clip(exact, *self._bounds))
            self._clipped += int((beyond > self._half_step).sum())
            self._cut_off += float(np.square(beyond).sum())

    @property
    def _signal(self) -> Doubles:
        """The power of what varies from row to row, by unit; 0 where that is no more than rounding."""
        squares = np.asarray(self._squares, np.float64)
        power = squares - np.square(self._sum) / self._rows
        units = squares.shape[-1]
        total = squares.reshape(-1, units).sum(axis=0)
        by_unit: Doubles = power.reshape(-1, units).sum(axis=0)
        return np.where(by_unit > 1e-12 * total, by_unit, 0.0)

    @property
    def varies(self) -> bool:
        return bool(self._signal.any())

    @property
    def snr_db(self) -> float:
        """Of the median of the units that vary; infinite where none does."""
        signal, noise = self._signal, np.asarray(self._noise)
        ratios = [decibels(signal[unit], noise[unit]) for unit in np.flatnonzero(signal)]
        return sorted(ratios)[len(ratios) // 2] if ratios else inf

    @property
    def clipped(self) -> float:
        return self._clipped / self._values

    @property
    def clip_noise(self) -> float:
        signal = float(self._signal.sum())
        return self._cut_off / signal if signal else 0.0


def decibels(signal: float, noise: float) -> float:
    """Return the ratio of two powers in decibels: infinite without noise, minus infinite without signal."""
    if noise <= 0:
        return inf
    return 10 * log10(signal / noise) if signal > 0 else -inf
