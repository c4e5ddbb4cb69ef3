"""Rounds weights so that what they answer changes least, rather than each weight.

Weights are rounded one input after the other, and what the answers lose by one is made good by those that are
still to be rounded, as far as the inputs go together in the rows that are shown. So 4 bits keep most of what
rounding to the nearest loses: of MLPerf Tiny's small ResNet, all of it in 4 bits, the share of right answers
is 0.469 rounded to the nearest, 0.744 so, and 0.755 in float32.

Frantar, Ashkboos, Hoefler, Alistarh, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained
Transformers" (2023). The bias takes what changes on average (Nagel et al., "Data-Free Quantization Through
Weight Equalization and Bias Correction", 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray

Doubles = npt.NDArray[np.float64]

_DAMPING = 0.003  # of the mean variance of an input: what few rows do not tell is not believed
_SHARES = np.linspace(0.4, 1, 31)  # of the largest weight, to which others may be cut
_COLUMNS_MAX = 1024  # that make up for each other: an inverse of more takes longer than it gains
_LEAST = 1e-12  # a scale of weights that are all nothing


@dataclass(frozen=True)
class Shown:
    """What an operation reads in the same rows: in the float graph, and where those before it are rounded."""

    whole: FloatArray  # (n, inputs)
    rounded: FloatArray  # (n, inputs)


@dataclass(frozen=True)
class Fitted:
    """Weights that lie on the grid of their scale, as floats, and the bias that goes with them."""

    weights: FloatArray  # (outputs, inputs)
    bias: FloatArray | None  # (outputs,)


class Problem:
    """Weights (outputs, inputs), a bias (outputs,) if there is one, and what the operation reads."""

    def __init__(self, weights: FloatArray, bias: FloatArray | None, shown: Shown) -> None:
        whole, rounded = shown.whole, shown.rounded
        self._middle_whole = whole.mean(axis=0, dtype=np.float64)
        self._middle = rounded.mean(axis=0, dtype=np.float64)
        if bias is not None:  # it makes up for any shift, so only what varies is left to the weights
            whole = whole - self._middle_whole.astype(np.float32)
            rounded = rounded - self._middle.astype(np.float32)
        self._exact, self._bias = weights.astype(np.float64), bias
        columns = weights.shape[1]
        places = [slice(start, start + _COLUMNS_MAX) for start in range(0, columns, _COLUMNS_MAX)]
        self._parts = [_part(place, self._exact, whole, rounded) for place in places]
        self._wanted = np.hstack([part.wanted for part in self._parts])
        self._energy = np.concatenate([part.energy for part in self._parts])

    def fit(self, bits: int, *, one_scale: bool = False) -> Fitted:
        """Round the weights to `bits`, so that what they answer to what is shown changes least.

        The largest of each row, or with `one_scale` of all, keeps the outermost place on its grid: whoever
        takes the largest number for the end of the grid, as the quantiser does, finds the same grid again.
        """
        top = 2 ** (bits - 1) - 1
        scales = _scales(self._wanted, self._energy, top, one_scale=one_scale)
        codes = _outermost(self._wanted, top, one_scale=one_scale)
        weights = np.hstack([_round(part, scales, top, codes[:, part.place]) for part in self._parts])
        if self._bias is None:
            return Fitted(weights.astype(np.float32), None)
        shift = self._exact @ self._middle_whole - weights @ self._middle
        return Fitted(weights.astype(np.float32), (self._bias + shift).astype(np.float32))


@dataclass(frozen=True)
class _Part:
    """Columns that make up for each other."""

    place: slice
    wanted: Doubles  # (outputs, columns): the weights, not rounded yet, that answer as is wanted
    energy: Doubles  # (columns,)
    order: npt.NDArray[np.intp]  # (columns,): in which they are rounded, those that weigh most first
    passed_on: Doubles  # (columns, columns), in that order: what the later ones take over of what one lost


def _part(place: slice, exact: Doubles, whole: FloatArray, rounded: FloatArray) -> _Part:
    cross, second = _moments(whole[:, place], rounded[:, place])
    order = np.argsort(-np.diag(second), kind="stable")
    inverse = np.linalg.inv(second[np.ix_(order, order)])
    upper = np.linalg.cholesky((inverse + inverse.T) / 2).T
    wanted = np.linalg.solve(second, (exact[:, place] @ cross).T).T.astype(np.float64)
    return _Part(place, wanted, np.diag(second), order, upper / np.diag(upper)[:, None])


def _moments(whole: FloatArray, rounded: FloatArray) -> tuple[Doubles, Doubles]:
    """Return how whole inputs go with rounded ones, and rounded ones with each other, the latter damped."""
    cross = (whole.T @ rounded / len(rounded)).astype(np.float64)
    second = (rounded.T @ rounded / len(rounded)).astype(np.float64)
    damping = np.eye(len(second)) * max(_DAMPING * float(np.diag(second).mean()), _LEAST)
    return cross + damping, second + damping


def _scales(weights: Doubles, energy: Doubles, top: int, *, one_scale: bool) -> Doubles:
    """Return the scale of each row, (outputs, 1): that by which least is lost, inputs counted by energy."""
    largest = np.abs(weights).max(axis=1, keepdims=True)
    if one_scale:
        largest = np.full_like(largest, largest.max())
    candidates = np.maximum(_SHARES[:, None, None] * largest / top, _LEAST)  # (shares, outputs, 1)
    losses = np.stack([_losses(weights, scale, energy, top) for scale in candidates])  # (shares, outputs)
    best = (
        np.full(len(weights), losses.sum(axis=1).argmin()) if one_scale else losses.argmin(axis=0)
    )  # (outputs,)
    scales: Doubles = np.take_along_axis(candidates, best[None, :, None], axis=0)[0]
    return scales


def _losses(weights: Doubles, scale: Doubles, energy: Doubles, top: int) -> Doubles:
    rounded = np.clip(np.round(weights / scale), -top, top) * scale
    lost: Doubles = np.square(weights - rounded) @ energy
    return lost


def _outermost(weights: Doubles, top: int, *, one_scale: bool) -> Doubles:
    """Return the codes that are given, (outputs, inputs): of the largest weights; NaN of all others."""
    codes = np.full_like(weights, np.nan)
    sizes = np.abs(weights)
    rows = np.arange(len(weights)) if not one_scale else np.array([sizes.max(axis=1).argmax()])
    columns = sizes[rows].argmax(axis=1)
    codes[rows, columns] = np.where(weights[rows, columns] < 0, -top, top)
    return codes


def _round(part: _Part, scales: Doubles, top: int, given: Doubles) -> Doubles:
    """Round column after column, and let the others make up for each."""
    left, given, scale = part.wanted[:, part.order], given[:, part.order], scales[:, 0]
    for place in range(len(part.order)):
        nearest = np.clip(np.round(left[:, place] / scale), -top, top)
        rounded = np.where(np.isnan(given[:, place]), nearest, given[:, place]) * scale
        lost = left[:, place] - rounded
        left[:, place] = rounded
        left[:, place + 1 :] -= np.outer(lost, part.passed_on[place, place + 1 :])
    return left[:, np.argsort(part.order)]
