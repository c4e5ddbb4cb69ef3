from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.data.split import split, stratified_sample

shares = st.floats(0.05, 0.4)
seeds = st.integers(0, 2**32 - 1)
class_indices = st.lists(st.integers(5, 60), min_size=2, max_size=6).map(
    lambda counts: np.repeat(np.arange(len(counts)), counts)
)


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


@given(class_indices, st.integers(1, 400), seeds)
def test_a_sample_has_distinct_rows_in_the_proportions_of_the_classes(y: Any, size: int, seed: int) -> None:
    sample = stratified_sample(y, size, seed)
    assert len(sample) == len(set(sample.tolist())) == min(size, len(y))
    expected = np.bincount(y) * len(sample) / len(y)
    assert (np.abs(np.bincount(y[sample], minlength=y.max() + 1) - expected) <= 2).all()
