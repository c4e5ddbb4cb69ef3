from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from training.evaluation.reliability import as_shares, brier_score, calibrate, expected_calibration_error


def test_the_error_is_the_mean_distance_of_confidence_and_accuracy_by_bin() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    right = np.array([1, 1, 1, 0, 1, 1], bool)
    # (14/15, 1]: |0.95 - 0.75| over 4 rows; (8/15, 9/15]: |0.55 - 1| over 2.
    assert expected_calibration_error(right, confidence) == pytest.approx((4 * 0.20 + 2 * 0.45) / 6)


def test_a_bin_holds_its_upper_end_and_not_its_lower() -> None:
    confidence = np.array([0.2, 0.2 + 1e-9])  # 3/15
    right = np.array([True, False])
    assert expected_calibration_error(right, confidence) == pytest.approx((0.8 + 0.2) / 2)
    together = np.array([0.2 - 1e-9, 0.2])
    assert expected_calibration_error(right, together) == pytest.approx(abs(0.4 - 1) / 2)


def test_a_coin_that_says_so_is_calibrated_and_a_boaster_is_not() -> None:
    y = np.arange(1000) % 2
    honest = np.tile(np.array([[0.5001, 0.4999]], np.float32), (1000, 1))
    boaster = np.tile(np.array([[1.0, 0.0]], np.float32), (1000, 1))
    assert calibrate(y, honest).error < 0.001
    assert calibrate(y, boaster).error == pytest.approx(0.5, abs=1e-5)
    assert calibrate(y, boaster).brier == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("classes", [2, 3])
def test_brier_is_that_of_scikit_learn(classes: int) -> None:
    random = np.random.default_rng(classes)
    p = random.dirichlet(np.ones(classes), size=80)
    y = random.integers(classes, size=80)
    theirs = brier_score_loss(y, p[:, 1] if classes == 2 else p)
    assert brier_score(y, p) == pytest.approx(theirs)


def test_rows_that_do_not_sum_to_one_are_made_to() -> None:
    shares = as_shares(np.array([[0.6, 0.6], [0.0, 0.0]], np.float32))
    assert shares == pytest.approx(np.full((2, 2), 0.5))


@given(st.integers(2, 5), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_both_figures_stay_within_their_bounds(classes: int, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.full(classes, 0.2), size=rows).astype(np.float32)
    found = calibrate(random.integers(classes, size=rows), p)
    assert 0 <= found.error <= 1
    assert 0 <= found.brier <= (1 if classes == 2 else 2)
