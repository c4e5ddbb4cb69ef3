from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.split import Shares, calibration_sample, split, split_in_proportion, stratified_sample
from training.errors import OptionError

shares = st.floats(0.05, 0.4)
seeds = st.integers(0, 2**32 - 1)
class_indices = st.lists(st.integers(5, 60), min_size=2, max_size=6).map(
    lambda counts: np.repeat(np.arange(len(counts)), counts)
)


@given(class_indices, shares, shares, seeds)
def test_a_split_is_stratified_and_disjoint_and_whole(
    y: Any, test: float, validation: float, seed: int
) -> None:
    parts = split(y, Shares(test, validation, seed))
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(len(y)))
    for label, rows in enumerate(np.bincount(y)):
        tested = int((y[parts.test] == label).sum())
        validated = int((y[parts.validation] == label).sum())
        assert abs(tested - test * rows) <= 1
        assert abs(validated - validation * (rows - tested)) <= 1
        assert min(tested, validated, rows - tested - validated) >= 1


@given(st.lists(st.integers(0, 30), min_size=1, max_size=80), shares, shares, seeds, st.integers(0, 20))
def test_a_split_in_proportion_is_whole_and_disjoint_however_rare_a_class_is(
    classes: list[int], test: float, validation: float, seed: int, test_rows: int
) -> None:
    test_rows = min(test_rows, len(classes) - 1)
    parts = split_in_proportion(np.array(classes), Shares(test, validation, seed), test_rows=test_rows)
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(rows.tolist()) == list(range(len(classes)))
    if test_rows:
        assert parts.test.tolist() == list(range(len(classes) - test_rows, len(classes)))


@given(class_indices, seeds)
def test_a_split_follows_from_its_seed(y: Any, seed: int) -> None:
    first, again = (split(y, Shares(0.2, 0.2, seed)) for _ in range(2))
    assert first.train.tolist() == again.train.tolist()


def test_another_seed_splits_otherwise() -> None:
    y = np.repeat([0, 1], 50)
    first, other = (split(y, Shares(0.2, 0.2, seed)) for seed in (1, 2))
    assert first.test.tolist() != other.test.tolist()


def test_a_published_test_split_is_kept_whole_whatever_the_test_size() -> None:
    y = np.repeat([0, 1, 0], [50, 50, 30])
    parts = split(y, Shares(0.5, 0.2, 1), test_rows=30)
    assert parts.test.tolist() == list(range(100, 130))
    assert len(parts.validation) == 20


@given(class_indices, st.integers(1, 400), seeds)
def test_a_sample_has_distinct_rows_in_the_proportions_of_the_classes(y: Any, size: int, seed: int) -> None:
    sample = stratified_sample(y, size, seed)
    assert len(sample) == len(set(sample.tolist())) == min(size, len(y))
    expected = np.bincount(y) * len(sample) / len(y)
    assert (np.abs(np.bincount(y[sample], minlength=y.max() + 1) - expected) <= 2).all()


def test_a_rare_class_has_a_floor_of_rows_to_calibrate_with() -> None:
    y = np.repeat([0, 1, 2], [5000, 40, 4])
    counts = np.bincount(y[calibration_sample(y, 1)]).tolist()
    assert counts[1:] == [10, 4]
    assert 490 <= counts[0] <= 500
    again, other = (calibration_sample(y, seed) for seed in (1, 2))
    assert (again == calibration_sample(y, 1)).all()
    assert len(np.intersect1d(other, again)) < 200


@given(class_indices, st.integers(1, 400), seeds, st.integers(0, 20))
def test_a_sample_with_a_floor_is_the_one_without_and_what_was_lacking(
    y: Any, size: int, seed: int, least: int
) -> None:
    sample = stratified_sample(y, size, seed, least=least)
    assert len(sample) == len(set(sample.tolist()))
    assert set(stratified_sample(y, size, seed).tolist()) <= set(sample.tolist())
    held, there = (np.bincount(classes, minlength=y.max() + 1) for classes in (y[sample], y))
    assert (held >= np.minimum(least, there)).all()


def parts_of(**given: Any) -> tuple[set[int], set[int], set[int]]:
    parts = split(given.pop("y"), Shares(0.2, 0.1, 7), **given)
    return set(parts.train.tolist()), set(parts.validation.tolist()), set(parts.test.tolist())


@given(st.lists(st.integers(0, 30), min_size=60, max_size=200), seeds)
def test_rows_of_a_group_are_all_in_one_part(numbers: list[int], seed: int) -> None:
    groups = np.array([*numbers, 0, 1, 2])
    y = np.arange(len(groups)) % 2
    parts = split(y, Shares(0.2, 0.1, seed), groups=groups)
    rows = [parts.train, parts.validation, parts.test]
    assert sorted(np.concatenate(rows).tolist()) == list(range(len(y)))
    assert all(len(part) for part in rows)
    held = [set(groups[part].tolist()) for part in rows]
    assert sum(map(len, held)) == len(set(groups.tolist()))


def test_groups_are_given_out_in_about_the_shares_asked_for_and_in_the_proportions_of_the_classes() -> None:
    groups = np.repeat(np.arange(200), 5)
    y = (groups % 4 == 0).astype(np.int64)
    parts = split(y, Shares(0.2, 0.1, 3), groups=groups)
    for part, share in ((parts.train, 0.72), (parts.validation, 0.08), (parts.test, 0.2)):
        assert abs(len(part) - share * 1000) <= 10
        assert abs(y[part].mean() - 0.25) < 0.07


def test_groups_and_a_published_test_split_go_together_unless_a_group_is_in_both() -> None:
    y, groups = np.arange(40) % 2, np.arange(40) // 4
    train, validation, test = parts_of(y=y, groups=groups, test_rows=8)
    assert test == set(range(32, 40))
    assert train
    assert validation
    with pytest.raises(OptionError, match="1 of the groups of --group stand in the test rows and in others"):
        parts_of(y=y, groups=groups, test_rows=6)
    with pytest.raises(OptionError, match="--group has 2 groups; 3 are the least"):
        parts_of(y=y, groups=np.arange(40) % 2)


def test_the_future_is_the_test_and_what_was_just_before_it_the_validation() -> None:
    times = np.random.default_rng(1).permutation(100)
    train, validation, test = (
        {int(times[row]) for row in part} for part in parts_of(y=np.arange(100) % 2, times=times)
    )
    assert (train, validation, test) == (set(range(72)), set(range(72, 80)), set(range(80, 100)))


def test_rows_of_the_same_time_are_never_on_both_sides() -> None:
    times = np.repeat(np.arange(10), 10)
    parts = split(np.arange(100) % 2, Shares(0.25, 0.1, 1), times=times)
    held = [set(times[part].tolist()) for part in (parts.train, parts.validation, parts.test)]
    assert held == [set(range(6)), {6}, {7, 8, 9}]
