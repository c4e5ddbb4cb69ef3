from __future__ import annotations

from math import log

import numpy as np
import pytest
from sklearn.metrics import log_loss

from training.evaluation.losses import binary_cross_entropy, cross_entropy, mean_squared_error

Y = np.array([1, 0, 1, 0])
P = np.array([0.9, 0.1, 0.8, 0.2])


def test_the_worked_example_as_it_is_right() -> None:
    assert mean_squared_error(Y, P) == pytest.approx(0.025)
    assert cross_entropy(Y, P) == pytest.approx(-(log(0.9) + log(0.8)) / 4)
    assert cross_entropy(Y, P) == pytest.approx(0.0821, abs=5e-5)
    assert binary_cross_entropy(Y, P) == pytest.approx(2 * cross_entropy(Y, P))  # p is symmetric here
    assert binary_cross_entropy(Y, P) == pytest.approx(0.1643, abs=5e-5)


def test_they_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(4), size=50)
    y = random.integers(4, size=50)
    assert cross_entropy(np.eye(4)[y], p) == pytest.approx(log_loss(y, p))
    assert binary_cross_entropy(y > 1, p[:, 0]) == pytest.approx(log_loss(y > 1, p[:, 0]))


def test_a_true_class_without_any_probability_costs_much_and_not_everything() -> None:
    assert cross_entropy(np.array([1]), np.array([0.0])) == pytest.approx(-log(1e-7))
