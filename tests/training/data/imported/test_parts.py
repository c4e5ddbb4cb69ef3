"""The rows that calibrate and validate an imported model never test it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray, Normalizer
from training.data.dataset import Dataset, Unlabelled
from training.data.imported.parts import prepare_for_model
from training.data.overlap import fingerprints
from training.data.prepare import Prepared
from training.data.split import Shares
from training.errors import LabelsError

SPEC = InputSpec(kind="tensor", shape=(2, 1))
SHARES = Shares(test=0.8, validation=0.5, seed=3)


def rows(values: Any) -> FloatArray:
    return np.stack([np.asarray(values, np.float32), np.zeros(len(values), np.float32)], axis=1)


def dataset(values: Any, y: Any, **more: Any) -> Dataset:
    return Dataset("toy", rows(values), np.asarray(y), SPEC, **more)


def others(values: Any, **more: Any) -> Unlabelled:
    return Unlabelled("more", rows(values), SPEC, "float32", **more)


def parts_of(prepared: Prepared) -> list[FloatArray]:
    return [prepared.x_train, prepared.x_validation, prepared.x_test]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4)), min_size=1, max_size=60),
    st.integers(0, 20),
    st.booleans(),
)
def test_no_row_of_one_part_stands_in_the_test_part_too(
    given_: list[tuple[int, int]], test_rows: int, separate: bool
) -> None:
    values, y = zip(*given_, strict=True)
    data = dataset(values, y, test_rows=min(test_rows, len(y) - 1))
    prepared, said = None, "none is left to"
    try:
        prepared = prepare_for_model(
            data, tuple(range(5)), "minmax", SHARES, others(range(20, 40)) if separate else None
        )
    except LabelsError as error:
        said = str(error)
    assert "none is left to" in said or "every row of more" in said
    if prepared is None:
        return
    tested = fingerprints(prepared.x_test)
    assert not np.isin(fingerprints(np.concatenate(parts_of(prepared)[:2])), tested).any()
    assert not np.isin(prepared.seen, tested).any()
    assert all(len(part) for part in parts_of(prepared))


def test_all_rows_are_in_one_part_and_most_of_them_test() -> None:
    data = dataset(range(100), np.arange(100) % 4)
    prepared = prepare_for_model(data, (0, 1, 2, 3), "minmax", SHARES)
    assert [len(part) for part in parts_of(prepared)] == [10, 10, 80]
    assert sorted(np.concatenate(parts_of(prepared))[:, 0].tolist()) == list(range(100))
    assert np.bincount(prepared.y_test).tolist() == [20] * 4
    assert (prepared.x_test[:, 0] % 4 == prepared.y_test).all()
    assert prepared.notes == ()


def test_a_published_test_split_tests_and_the_others_calibrate_and_validate() -> None:
    data = dataset(range(30), [0, 1] * 15, test_rows=20)
    prepared = prepare_for_model(data, (0, 1), "minmax", SHARES)
    assert prepared.x_test[:, 0].tolist() == list(range(10, 30))
    assert [len(part) for part in parts_of(prepared)] == [5, 5, 20]


def test_groups_stay_together_and_time_decides_as_in_a_training() -> None:
    grouped = dataset(range(60), [0, 1] * 30, groups=np.arange(60) // 5)
    prepared = prepare_for_model(grouped, (0, 1), "minmax", SHARES)
    held = [set((part[:, 0] // 5).tolist()) for part in parts_of(prepared)]
    assert sum(map(len, held)) == len(set.union(*held)) == 12
    timed = dataset(range(60), [0, 1] * 30, times=np.arange(60))
    assert prepare_for_model(timed, (0, 1), "minmax", SHARES).x_test[:, 0].min() == 12


def test_a_single_row_of_each_class_and_classes_without_rows_are_no_fault() -> None:
    prepared = prepare_for_model(dataset(range(20), range(20)), tuple(range(22)), "minmax", SHARES)
    assert [len(part) for part in parts_of(prepared)] == [2, 2, 16]
    assert prepared.notes[0].startswith("toy has no test row of class ")
    assert prepared.notes[0].endswith(" more: how well those are told is not known")


def test_labels_are_numbered_in_the_order_of_the_model() -> None:
    data = dataset(range(10), ["b", "a"] * 5)
    prepared = prepare_for_model(data, ("b", "c", "a"), "minmax", SHARES)
    assert (prepared.y_test == prepared.x_test[:, 0] % 2 * 2).all()
    assert prepared.labels == ("b", "c", "a")


def test_other_rows_calibrate_where_there_are_some_but_for_those_that_test() -> None:
    data = dataset(range(100), np.arange(100) % 4)
    prepared = prepare_for_model(data, (0, 1, 2, 3), "minmax", SHARES, others(range(-10, 100)))
    assert [len(part) for part in parts_of(prepared)] == [30, 20, 80]
    assert prepared.notes == ("left out 80 of 110 rows of more, which also stand in the test rows",)
    assert prepared.normalizer.offset.tolist() == [-10]
    assert len(prepared.seen) == 30
    with pytest.raises(LabelsError, match="every row of more also stands in the test rows of toy"):
        prepare_for_model(data, (0, 1, 2, 3), "minmax", SHARES, others(prepared.x_test[:, 0]))


def test_test_rows_of_other_data_do_not_calibrate() -> None:
    data = dataset(range(100), np.arange(100) % 4)
    more = others(range(200, 210), test_rows=4, notes=("resized",))
    prepared = prepare_for_model(data, (0, 1, 2, 3), "minmax", SHARES, more)
    assert prepared.x_train[:, 0].tolist() == list(range(200, 206))
    assert prepared.y_train.tolist() == [0] * 6
    assert prepared.notes == ("resized",)


def test_a_normaliser_that_is_given_is_kept() -> None:
    given_ = Normalizer.fit("minmax", rows(range(7)), channels=1)
    prepared = prepare_for_model(dataset(range(20), [0, 1] * 10), (0, 1), given_, SHARES)
    assert prepared.normalizer is given_


def test_rows_that_are_too_few_for_three_parts_are_refused() -> None:
    with pytest.raises(LabelsError, match="toy has 2 rows, and none is left to calibrate with"):
        prepare_for_model(dataset(range(2), [0, 1]), (0, 1), "minmax", Shares(0.5, 0.5, 1))
    with pytest.raises(LabelsError, match="toy has 9 rows, and none is left to validate with"):
        prepare_for_model(dataset([5] * 9, [0] * 9), (0, 1), "minmax", SHARES)
