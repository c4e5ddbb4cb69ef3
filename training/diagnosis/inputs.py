"""Whether a graph's input, and what it was calibrated with, have room for the rows it is given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bundle.manifest import CalibrationSpec
from bundle.normalizer import FloatArray
from training.diagnosis.tensors import Quantization
from training.evaluation.shift import Uncovered, find_uncovered
from training.evaluation.tails import STEPS_MIN, Tails, find_tails


@dataclass(frozen=True)
class Coarse:
    """A channel that the input's one scale leaves few steps."""

    channel: int
    steps: float
    """That four standard deviations of its values span: nearly all of them."""


@dataclass(frozen=True)
class Inputs:
    """What is wrong with the way from rows to integers; nothing, where all is empty."""

    channels: int
    bounds: tuple[float, float] | None
    """The normalised values that the input's integers reach; None where the graph goes on in float."""
    coarse: tuple[Coarse, ...]
    uncovered: tuple[Uncovered, ...]
    """Worst first, as `coarse`."""
    tails: Tails | None = None
    """What takes the steps, where it is a feature with a heavy tail."""


def check_inputs(
    raw: FloatArray,
    normalized: FloatArray,
    channels: int,
    quantization: Quantization | None,
    calibration: CalibrationSpec | None,
) -> Inputs:
    """Look at the same rows (n, features) before and after normalisation."""
    uncovered = () if calibration is None else find_uncovered(raw, calibration)
    if quantization is None:
        return Inputs(channels, None, (), uncovered)
    values = normalized.reshape(-1, channels)
    coarse = find_coarse(values, float(quantization.scales[0]))
    bits = (quantization.highest - quantization.lowest).bit_length()
    return Inputs(channels, quantization.range, coarse, uncovered, find_tails(values, bits))


def find_coarse(values: FloatArray, step: float) -> tuple[Coarse, ...]:
    """Return the channels of `values` (n, channels) that vary, but over fewer than 16 steps."""
    steps = 4 * values.std(axis=0, dtype=np.float64) / step
    few = [
        Coarse(int(channel), float(steps[channel]))
        for channel in np.flatnonzero((steps > 0) & (steps < STEPS_MIN))
    ]
    return tuple(sorted(few, key=lambda one: one.steps))
