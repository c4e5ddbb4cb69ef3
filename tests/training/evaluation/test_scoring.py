from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.scoring import log_loss, score

Y = np.array([0, 0, 1, 1, 2, 2])
RIGHT = np.eye(3, dtype=np.float32)[Y]


def test_a_variant_that_is_always_right_scores_one() -> None:
    scores = score(Y, RIGHT, RIGHT)
    assert (scores.accuracy, scores.precision, scores.recall, scores.f1, scores.agreement) == (1, 1, 1, 1, 1)
    assert scores.log_loss == pytest.approx(0, abs=1e-6)
    assert scores.accuracy_low == pytest.approx(0.6097, abs=1e-4)  # Wilson, 6 of 6


def test_scores_are_those_worked_out_by_hand() -> None:
    predicted = np.eye(3, dtype=np.float32)[[0, 1, 1, 1, 0, 1]]  # class 2 is never predicted
    scores = score(Y, predicted, RIGHT)
    assert scores.rows == 6
    assert scores.accuracy == scores.agreement == pytest.approx(3 / 6)
    assert scores.precision == pytest.approx((1 / 2 + 2 / 4 + 0) / 3)
    assert scores.recall == pytest.approx((1 / 2 + 2 / 2 + 0) / 3)
    assert scores.f1 == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)


def test_agreement_is_with_float32_and_not_with_the_truth() -> None:
    wrong = np.roll(RIGHT, 1, axis=1)
    scores = score(Y, wrong, wrong)
    assert (scores.accuracy, scores.agreement) == (0, 1)


def test_classes_that_do_not_occur_do_not_count() -> None:
    assert score(np.array([0, 1]), RIGHT[[0, 2]], RIGHT[[0, 2]]).recall == 1


def test_log_loss_is_in_nats_and_finite_where_the_true_class_has_nothing() -> None:
    p = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    assert log_loss(np.array([0, 1]), p) == pytest.approx((np.log(2) - np.log(0.75)) / 2)
    assert log_loss(np.array([1]), np.array([[1, 0]], np.float32)) == pytest.approx(-np.log(1e-7), rel=1e-3)


def test_log_loss_is_the_mean_of_minus_ln_p_of_the_true_class_though_not_every_class_occurs() -> None:
    random = np.random.default_rng(0)
    p, y = random.dirichlet(np.ones(4), size=50).astype(np.float32), random.integers(3, size=50)
    assert log_loss(y, p) == pytest.approx(-np.log(p[np.arange(50), y]).mean(), rel=1e-5)


def test_the_worked_example_has_the_binary_cross_entropy_that_is_right() -> None:
    p = np.array([0.9, 0.1, 0.8, 0.2], np.float32)
    both = np.column_stack([1 - p, p])
    assert log_loss(np.array([1, 0, 1, 0]), both) == pytest.approx(0.1643, abs=5e-5)


def test_a_row_that_sums_to_more_than_one_costs_no_more_for_it() -> None:
    p = np.array([[0.0, 1.2, 0.0]], np.float32)
    assert log_loss(np.array([0]), p) == pytest.approx(-np.log(1e-7), rel=1e-6)


def test_log_loss_of_rows_that_do_not_sum_to_one_is_of_their_shares() -> None:
    p = np.array([[0.6, 0.6]], np.float32)
    assert log_loss(np.array([0]), p) == pytest.approx(np.log(2))
