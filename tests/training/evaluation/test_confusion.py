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


def test_the_worst_class_is_the_one_whose_recall_fell_most() -> None:
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


def test_the_p_value_of_the_worst_class_steps_down_where_another_class_is_surer() -> None:
    y = np.repeat([0, 1, 2], [20, 200, 20])
    variant = y.copy()
    variant[:7] = 1  # 7 of 20
    variant[20:40] = 0  # 20 of 200: less of the recall, and less likely by chance
    found = drops(y, variant, y)
    assert worst(found).index == 0
    assert worst_p(found) == pytest.approx(2 * 2 / 2**7)  # Bonferroni would take it three times


def test_classes_without_a_row_are_left_out() -> None:
    assert [drop.index for drop in drops(Y[3:6], VARIANT[3:6], REFERENCE[3:6])] == [1]
