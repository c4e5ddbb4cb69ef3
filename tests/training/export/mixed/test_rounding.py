from __future__ import annotations

import numpy as np
import pytest

from bundle.normalizer import FloatArray
from training.export.mixed.rounding import Fitted, Problem, Shown

RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=(12, 30)).astype(np.float32)
BIAS = RANDOM.normal(size=12).astype(np.float32)
# Inputs that go together, as those of a network do.
ROWS = (RANDOM.normal(size=(2000, 8)) @ RANDOM.normal(size=(8, 30)) + 1).astype(np.float32)


def nearest(bits: int) -> FloatArray:
    top = 2 ** (bits - 1) - 1
    scale = np.abs(WEIGHTS).max(axis=1, keepdims=True) / top
    rounded: FloatArray = np.round(WEIGHTS / scale) * scale
    return rounded


def fit(
    weights: FloatArray, bias: FloatArray | None, shown: Shown, bits: int, *, one_scale: bool = False
) -> Fitted:
    return Problem(weights, bias, shown).fit(bits, one_scale=one_scale)


def lost(weights: FloatArray, bias: FloatArray, rows: FloatArray = ROWS) -> float:
    difference = rows @ weights.T + bias - (ROWS @ WEIGHTS.T + BIAS)
    return float(np.square(difference).mean())


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("one_scale", [False, True])
def test_weights_lie_on_a_grid_that_the_largest_of_them_tells(bits: int, *, one_scale: bool) -> None:
    weights = fit(WEIGHTS, BIAS, Shown(ROWS, ROWS), bits, one_scale=one_scale).weights
    largest = np.abs(weights).max() if one_scale else np.abs(weights).max(axis=1, keepdims=True)
    codes = weights / (largest / (2 ** (bits - 1) - 1))
    assert np.abs(codes - np.round(codes)).max() < 1e-3


@pytest.mark.parametrize("bits", [4, 8])
def test_what_they_answer_changes_far_less_than_if_each_is_rounded(bits: int) -> None:
    found = fit(WEIGHTS, BIAS, Shown(ROWS, ROWS), bits)
    assert found.bias is not None
    assert lost(found.weights, found.bias) < lost(nearest(bits), BIAS) / 4


def test_they_make_good_what_was_lost_before_them() -> None:
    rounded = (ROWS * 0.9 + 0.2).astype(np.float32)
    as_it_is, fitted = (fit(WEIGHTS, BIAS, Shown(ROWS, seen), 8) for seen in (ROWS, rounded))
    assert as_it_is.bias is not None
    assert fitted.bias is not None
    assert lost(fitted.weights, fitted.bias, rounded) < lost(as_it_is.weights, as_it_is.bias, rounded) / 4


def test_without_a_bias_there_is_none_after() -> None:
    found = fit(WEIGHTS, None, Shown(ROWS, ROWS), 4)
    assert found.bias is None
    nothing = np.zeros(12, np.float32)
    assert lost(found.weights, nothing + BIAS) < lost(nearest(4), BIAS) / 4


def test_a_row_of_nothing_stays_nothing() -> None:
    weights = WEIGHTS.copy()
    weights[3] = 0
    assert np.abs(fit(weights, BIAS, Shown(ROWS, ROWS), 4).weights[3]).max() < 1e-9


def test_inputs_that_are_never_there_do_no_harm() -> None:
    rows = ROWS.copy()
    rows[:, :20] = 0
    assert np.isfinite(fit(WEIGHTS, BIAS, Shown(rows, rows), 4).weights).all()
