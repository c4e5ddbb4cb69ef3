from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.confusion import confusion_matrix, drops, worst, worst_p

Y = np.array([0, 0, 0, 1, 1, 1, 2, 2])
REFERENCE = np.array([0, 0, 0, 1, 1, 2, 2, 0])
VARIANT = np.array([0, 0, 1, 2, 0, 1, 2, 0])


def test_the_matrix_has_the_true_class_down_and_the_predicted_one_across() -> None:
    matrix = confusion_matrix(Y, VARIANT, 4)
    assert matrix.tolist() == [[2, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


def test_of_classes_that_fell_with_as_little_evidence_the_worst_fell_farthest() -> None:
    found = drops(Y, VARIANT, REFERENCE)
    assert [drop.index for drop in found] == [0, 1, 2]
    assert [(drop.pairs.rows, drop.pairs.lost, drop.pairs.gained) for drop in found] == [
        (3, 1, 0),
        (3, 2, 1),
        (2, 0, 0),
    ]
    assert worst(found).index == 0
    assert worst(found).recall_difference == pytest.approx(-1 / 3)


def test_the_worst_of_many_is_not_taken_at_its_own_p_value() -> None:
    y = np.repeat([0, 1, 2], 20)
    variant = y.copy()
    variant[:7] = 1
    found = drops(y, variant, y)
    assert worst(found).pairs.p_value == pytest.approx(2 / 2**7)
    assert worst_p(found) == pytest.approx(3 * 2 / 2**7)
    assert worst_p(drops(y, y, y)) == 1


def test_a_class_of_one_row_does_not_hide_one_that_surely_lost() -> None:
    y = np.repeat([0, 1, 2], [1, 1000, 1000])
    variant = y.copy()
    variant[0] = 1  # all that there was of it
    variant[1:61] = 2  # 60 of 1,000
    found = drops(y, variant, y)
    assert worst(found).index == 1
    assert worst_p(found) == pytest.approx(3 * 2 / 2**60)


def test_a_class_that_surely_rose_is_not_the_worst() -> None:
    y = np.repeat([0, 1], 100)
    reference, variant = y.copy(), y.copy()
    reference[:50], variant[100] = 1, 0
    assert worst(drops(y, variant, reference)).index == 1


def test_classes_without_a_row_are_left_out() -> None:
    assert [drop.index for drop in drops(Y[3:6], VARIANT[3:6], REFERENCE[3:6])] == [1]
