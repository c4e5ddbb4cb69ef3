from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.reliability import Reliability, as_shares, expected_calibration_error


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


def test_a_coin_that_says_so_is_reliable_and_a_boaster_is_not() -> None:
    y = np.arange(1000) % 2
    honest = np.tile(np.array([[0.5001, 0.4999]], np.float32), (1000, 1))
    boaster = np.tile(np.array([[1.0, 0.0]], np.float32), (1000, 1))
    assert Reliability.of(y, honest).error < 0.001
    assert Reliability.of(y, boaster).error == pytest.approx(0.5, abs=1e-5)
    assert Reliability.of(y, boaster).brier == pytest.approx(0.5, abs=1e-5)


def test_brier_is_the_squared_distance_from_what_was_true_and_of_two_classes_that_of_the_second() -> None:
    random = np.random.default_rng(0)
    p, y = random.dirichlet(np.ones(3), size=80).astype(np.float32), random.integers(3, size=80)
    of_all = np.square(np.eye(3)[y] - p).sum(axis=1).mean()
    assert Reliability.of(y, p).brier == pytest.approx(of_all, rel=1e-5)
    two, binary = np.column_stack([1 - p[:, 0], p[:, 0]]), (y == 0).astype(np.int64)
    assert Reliability.of(binary, two).brier == pytest.approx(np.square(binary - p[:, 0]).mean(), rel=1e-5)


@pytest.mark.parametrize("label", [0, 1])
def test_rows_of_one_class_alone_have_a_brier_score(label: int) -> None:
    p = np.array([[0.9, 0.1], [0.6, 0.4]], np.float32)
    expected = np.square(label - p[:, 1]).mean()
    assert Reliability.of(np.array([label, label]), p).brier == pytest.approx(expected, rel=1e-5)


def test_the_worked_example_has_the_mean_squared_error_that_is_right() -> None:
    p = np.array([0.9, 0.1, 0.8, 0.2], np.float32)
    assert Reliability.of(np.array([1, 0, 1, 0]), np.column_stack([1 - p, p])).brier == pytest.approx(0.025)


def test_rows_that_do_not_sum_to_one_are_made_to() -> None:
    shares = as_shares(np.array([[0.6, 0.6], [0.0, 0.0]], np.float32))
    assert shares == pytest.approx(np.full((2, 2), 0.5))


@given(st.integers(2, 5), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_both_figures_stay_within_their_bounds(classes: int, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    p = random.dirichlet(np.full(classes, 0.2), size=rows).astype(np.float32)
    found = Reliability.of(random.integers(classes, size=rows), p)
    assert 0 <= found.error <= 1
    assert 0 <= found.brier <= (1 if classes == 2 else 2)
