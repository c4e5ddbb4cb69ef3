from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bundle.manifest import InputSpec
from bundle.normalizer import Normalizer
from training.data.dataset import Dataset
from training.data.prepare import prepare
from training.errors import FeaturesError, LabelsError

OPTIONS: dict[str, Any] = {"normalize": "standardize", "test_size": 0.2, "validation_size": 0.1, "seed": 42}


def dataset(x: Any, y: Any, **more: Any) -> Dataset:
    rows = np.asarray(x, np.float32)
    return Dataset("toy", rows, np.asarray(y), InputSpec(kind="vector", shape=(rows.shape[1],)), **more)


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
