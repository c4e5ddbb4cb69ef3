from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.dataset import RawData
from training.data.labels import class_indices, class_weights, classes
from training.errors import LabelsError


@given(st.one_of(st.lists(st.integers(-99, 99), min_size=1), st.lists(st.text(min_size=1), min_size=1)))
def test_labels_are_numbered_in_sorted_order_and_come_back(values: list[Any]) -> None:
    y = np.array(values)
    labels = tuple(np.unique(y).tolist())
    assert [labels[index] for index in class_indices(y, labels)] == y.tolist()


@given(
    st.lists(st.integers(-99, 99), min_size=1, unique=True).flatmap(
        lambda values: st.tuples(st.just(values), st.permutations(values))
    )
)
def test_labels_are_numbered_in_the_order_of_the_model_whatever_it_is(
    orders: tuple[list[int], list[int]],
) -> None:
    y, labels = orders
    assert [labels[index] for index in class_indices(np.array(y), tuple(labels))] == y
    words = tuple(map(str, labels))
    assert [words[index] for index in class_indices(np.array(list(map(str, y))), words)] == list(map(str, y))


def test_labels_that_the_model_does_not_know_are_named() -> None:
    with pytest.raises(LabelsError, match="the label 9; it knows 1, 2"):
        class_indices(np.array([1, 9]), (1, 2))
    with pytest.raises(LabelsError, match="strings here, and integers to the model"):
        class_indices(np.array(["1"]), (1, 2))


def test_a_word_is_one_class_however_its_accents_and_the_blanks_around_it_are_written_down() -> None:
    composed, apart = "caf\u00e9", "cafe\u0301"
    raw = RawData("x", np.zeros((2, 1)), np.array([composed, apart]))
    assert classes(raw).tolist() == [composed, composed]
    assert classes(replace(raw, y=np.array([" tea", "tea "]))).tolist() == ["tea", "tea"]
    assert class_indices(np.array([composed, "tea"]), (apart, "tea")).tolist() == [0, 1]  # of an older bundle
    assert class_indices(np.array([composed, apart]), (apart, composed)).tolist() == [1, 0]


def test_classes_are_weighed_where_they_are_unbalanced_or_on_request() -> None:
    unbalanced, balanced = np.repeat([0, 1], [30, 10]), np.repeat([0, 1], [15, 10])
    weights = class_weights(unbalanced, 2, wanted=None)
    assert weights is not None
    assert weights.tolist() == pytest.approx([40 / 60, 2.0])
    assert class_weights(balanced, 2, wanted=None) is None
    assert class_weights(balanced, 2, wanted=True) is not None
    assert class_weights(unbalanced, 2, wanted=False) is None
