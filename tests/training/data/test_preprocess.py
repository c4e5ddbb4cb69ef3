from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.manifest import InputSpec
from bundle.normalizer import Normalizer
from training.data.dataset import Dataset
from training.data.preprocess import class_weights, encode, prepare, split, stratified_sample
from training.errors import FeaturesError, LabelsError

OPTIONS: dict[str, Any] = {"normalize": "standardize", "test_size": 0.2, "validation_size": 0.1, "seed": 42}

shares = st.floats(0.05, 0.4)
seeds = st.integers(0, 2**32 - 1)
class_indices = st.lists(st.integers(5, 60), min_size=2, max_size=6).map(
    lambda counts: np.repeat(np.arange(len(counts)), counts)
)


def dataset(x: Any, y: Any, **more: Any) -> Dataset:
    rows = np.asarray(x, np.float32)
    return Dataset("toy", rows, np.asarray(y), InputSpec(kind="vector", shape=(rows.shape[1],)), **more)


@given(class_indices, shares, shares, seeds)
def test_a_split_is_stratified_and_disjoint_and_whole(
    y: Any, test: float, validation: float, seed: int
) -> None:
    parts = split(y, test_size=test, validation_size=validation, seed=seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(len(y)))
    for label, rows in enumerate(np.bincount(y)):
        tested = int((y[parts.test] == label).sum())
        validated = int((y[parts.validation] == label).sum())
        assert abs(tested - test * rows) <= 1
        assert abs(validated - validation * (rows - tested)) <= 1
        assert min(tested, validated, rows - tested - validated) >= 1


@given(class_indices, seeds)
def test_a_split_follows_from_its_seed(y: Any, seed: int) -> None:
    first, again = (split(y, test_size=0.2, validation_size=0.2, seed=seed) for _ in range(2))
    assert first.train.tolist() == again.train.tolist()


def test_another_seed_splits_otherwise() -> None:
    y = np.repeat([0, 1], 50)
    first, other = (split(y, test_size=0.2, validation_size=0.2, seed=seed) for seed in (1, 2))
    assert first.test.tolist() != other.test.tolist()


def test_a_published_test_split_is_kept_whole_whatever_the_test_size() -> None:
    y = np.repeat([0, 1, 0], [50, 50, 30])
    parts = split(y, test_size=0.5, validation_size=0.2, seed=1, test_rows=30)
    assert parts.test.tolist() == list(range(100, 130))
    assert len(parts.validation) == 20


@given(st.one_of(st.lists(st.integers(-99, 99), min_size=1), st.lists(st.text(min_size=1), min_size=1)))
def test_labels_are_numbered_in_sorted_order_and_come_back(values: list[Any]) -> None:
    y = np.array(values)
    labels = tuple(np.unique(y).tolist())
    assert [labels[index] for index in encode(y, labels)] == y.tolist()


def test_labels_that_the_model_does_not_know_are_named() -> None:
    with pytest.raises(LabelsError, match="the label 9; it knows 1, 2"):
        encode(np.array([1, 9]), (1, 2))
    with pytest.raises(LabelsError, match="strings here, and integers to the model"):
        encode(np.array(["1"]), (1, 2))


@pytest.mark.parametrize("method", ["standardize", "minmax"])
def test_the_normaliser_is_fitted_on_training_rows_only(method: Any) -> None:
    random = np.random.default_rng(0)
    data = dataset(random.normal(size=(200, 3)) * [1, 10, 1e5], [0, 1] * 100)
    prepared = prepare(data, **OPTIONS | {"normalize": method})
    again = Normalizer.fit(method, prepared.x_train, channels=3)
    assert prepared.normalizer.offset.tolist() == again.offset.tolist()
    assert prepared.normalizer.scale.tolist() == again.scale.tolist()
    everything = Normalizer.fit(method, data.x, channels=3)
    assert prepared.normalizer.offset.tolist() != everything.offset.tolist()


def test_rows_keep_their_labels_through_the_split() -> None:
    data = dataset(np.arange(100)[:, None], np.where(np.arange(100) < 30, "low", "high"))
    prepared = prepare(data, **OPTIONS)
    assert prepared.labels == ("high", "low")
    for x, y in (
        (prepared.x_train, prepared.y_train),
        (prepared.x_validation, prepared.y_validation),
        (prepared.x_test, prepared.y_test),
    ):
        assert y.tolist() == (x[:, 0] < 30).astype(int).tolist()


def test_a_constant_column_is_ignored_and_said_so() -> None:
    x = np.column_stack([np.arange(40), np.full(40, 0.1)])
    prepared = prepare(dataset(x, [0, 1] * 20), **OPTIONS)
    assert prepared.notes == ("ignored feature 1: constant in the training rows",)
    assert (prepared.normalizer.apply(np.array([[1, 77]], np.float32))[:, 1] == 0).all()


def test_splits_that_leave_a_class_without_rows_are_refused() -> None:
    data = dataset(np.arange(40)[:, None], np.repeat([0, 1], [35, 5]))
    with pytest.raises(LabelsError, match="5 rows of class 1, too few to have one in the train split"):
        prepare(data, **OPTIONS | {"test_size": 0.8})


def test_a_class_of_the_published_test_split_alone_is_refused() -> None:
    data = dataset(np.arange(40)[:, None], np.repeat([0, 1, 2], [20, 15, 5]), test_rows=5)
    with pytest.raises(LabelsError, match="class 2"):
        prepare(data, **OPTIONS)


def test_features_that_vary_in_test_rows_alone_are_refused() -> None:
    x = np.concatenate([np.ones(30), np.arange(10)])[:, None]
    with pytest.raises(FeaturesError, match="constant in the training rows"):
        prepare(dataset(x, [0, 1] * 20, test_rows=10), **OPTIONS)


def test_classes_are_weighed_where_they_are_unbalanced_or_on_request() -> None:
    unbalanced, balanced = np.repeat([0, 1], [30, 10]), np.repeat([0, 1], [15, 10])
    weights = class_weights(unbalanced, 2, wanted=None)
    assert weights is not None
    assert weights.tolist() == pytest.approx([40 / 60, 2.0])
    assert class_weights(balanced, 2, wanted=None) is None
    assert class_weights(balanced, 2, wanted=True) is not None
    assert class_weights(unbalanced, 2, wanted=False) is None


@given(class_indices, st.integers(1, 400), seeds)
def test_a_sample_has_distinct_rows_in_the_proportions_of_the_classes(y: Any, size: int, seed: int) -> None:
    sample = stratified_sample(y, size, seed)
    assert len(sample) == len(set(sample.tolist())) == min(size, len(y))
    expected = np.bincount(y) * len(sample) / len(y)
    assert (np.abs(np.bincount(y[sample], minlength=y.max() + 1) - expected) <= 2).all()
