from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import Kind
from training.data.cleaning import clean
from training.data.dataset import RawData
from training.errors import FeaturesError, LabelsError, MissingValuesError, OptionError

KINDS: tuple[Kind, ...] = ("image", "sequence", "vector")
X = np.arange(20.0).reshape(10, 2)
Y = np.array([0, 1] * 5)


def raw(x: Any = X, y: Any = Y, **more: Any) -> RawData:
    return RawData("toy", np.asarray(x), np.asarray(y), **more)


def test_rows_become_float32_and_integer_labels_stay_integers() -> None:
    data = clean(raw(X.astype(np.int16), np.array([7.0, -3.0] * 5)))
    assert data.x.dtype == np.float32
    assert data.x.tolist() == X.tolist()
    assert data.labels == (-3, 7)
    assert data.y.dtype == np.int64


def test_string_labels_stay_strings() -> None:
    data = clean(raw(y=np.array(["no", "yes"] * 5)))
    assert data.labels == ("no", "yes")


def test_a_column_of_labels_is_flattened() -> None:
    assert clean(raw(y=Y[:, None])).y.tolist() == Y.tolist()


@pytest.mark.parametrize(
    ("shape", "dtype", "kind", "expected"),
    [
        ((10, 4), "f4", None, ("vector", (4,))),
        ((10, 4), "f4", "sequence", ("sequence", (4, 1))),
        ((10, 4, 4), "u1", None, ("image", (4, 4))),
        ((10, 4, 4), "f4", None, ("sequence", (4, 4))),
        ((10, 4, 4), "f4", "image", ("image", (4, 4))),
        ((10, 4, 4), "u1", "vector", ("vector", (16,))),
        ((10, 4, 4, 3), "f4", None, ("image", (4, 4, 3))),
    ],
)
def test_dimensions_say_what_a_row_is_unless_kind_does(
    shape: tuple[int, ...], dtype: str, kind: Any, expected: tuple[str, tuple[int, ...]]
) -> None:
    data = clean(raw(np.ones(shape, dtype)), kind=kind)
    assert (data.input.kind, data.input.shape) == expected
    assert data.x.shape == (10, data.input.features)


@pytest.mark.parametrize(
    ("shape", "kind"), [((10, 4), "image"), ((10, 4, 4, 3), "sequence"), ((10, 2, 2, 2), "sequence")]
)
def test_a_kind_that_the_rows_cannot_be_is_refused(shape: tuple[int, ...], kind: Any) -> None:
    with pytest.raises(OptionError, match=f"cannot be of kind '{kind}'"):
        clean(raw(np.ones(shape)), kind=kind)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.ones((10, 0)), "no features"),
        (np.ones((0, 3)), "no rows"),
        (np.ones(10), r"shape \(10,\)"),
        (np.ones((10, 2), complex), "complex128"),
        (np.full((10, 2), "a"), "real numbers"),
        (np.where(X == 3, np.inf, X), "infinite or beyond float32.*row 1, feature 1"),
        (np.where(X == 4, 1e39, X), "1e[+]39 in row 2, feature 0"),
    ],
)
def test_features_that_are_not_finite_numbers_are_refused(x: Any, said: str) -> None:
    with pytest.raises(FeaturesError, match=said):
        clean(raw(x, Y[: len(x)]))


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (Y[:9], "one label a row"),
        (np.ones((10, 3)), "one label a row"),
        (np.array([0.5, 1.0] * 5), "0.5.*looks like regression"),
        (np.array([np.inf, 1.0] * 5), "looks like regression"),
        (np.array([2**64 - 1, 1] * 5, np.uint64), "beyond 64 bits"),
        (np.array(["2020-01-01"] * 10, "M8[D]"), "integers or strings"),
    ],
)
def test_labels_that_are_not_classes_are_refused(y: Any, said: str) -> None:
    with pytest.raises(LabelsError, match=said):
        clean(raw(y=y))


def test_missing_values_name_the_columns_the_count_and_the_first_row() -> None:
    x = X.copy()
    x[3, 1] = x[5, 1] = np.nan
    with pytest.raises(MissingValuesError, match=r"in 2 of 10 rows, first in row 3 .* 'b'; .*--missing drop"):
        clean(raw(x, feature_names=("a", "b")))


def test_dropped_rows_are_counted_in_a_note_and_leave_the_published_test_split() -> None:
    x = X.copy()
    x[1, 0] = x[9, 0] = np.nan
    data = clean(raw(x, test_rows=3), missing="drop")
    assert data.x[:, 0].tolist() == [0, 4, 6, 8, 10, 12, 14, 16]
    assert data.y.tolist() == [0, 0, 1, 0, 1, 0, 1, 0]
    assert data.test_rows == 2
    assert data.notes == ("dropped 2 of 10 rows with missing values in feature 0",)


@pytest.mark.parametrize(
    "y", [np.array([np.nan, 1.0] * 5), np.array(["", "b"] * 5), np.array([" ", "b"] * 5)]
)
def test_a_missing_label_is_a_missing_value(y: Any) -> None:
    with pytest.raises(MissingValuesError, match="in 5 of 10 rows"):
        clean(raw(y=y))
    assert len(clean(raw(y=y), missing="drop").y) == 5


def test_nothing_left_after_dropping_is_refused() -> None:
    with pytest.raises(MissingValuesError, match="none is left"):
        clean(raw(np.full((10, 2), np.nan)), missing="drop")


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50))
def test_any_64_bit_integers_can_be_labels(values: list[int]) -> None:
    data = clean(raw(np.ones((len(values), 1)), np.array(values, np.int64)))
    assert data.y.tolist() == values


def test_what_the_rows_were_taken_for_is_said() -> None:
    assert clean(raw()).taken == ("toy: 10 vectors of 2 numbers, in 2 classes of whole numbers: 0, 1",)
    image = clean(raw(np.zeros((10, 4, 5, 3)), np.array(["a", "b"] * 5)))
    assert image.taken == (
        "toy: 10 images, 4 high and 5 wide, of 3 channels, in 2 classes of words: 'a', 'b'",
    )
    steps = raw(np.ones((10, 4, 5)), lengths=np.full(10, 2))
    assert "sequences of up to 4 steps, 5 numbers each" in clean(steps).taken[0]


def test_images_with_their_channels_first_are_refused_unless_it_is_said_what_they_are() -> None:
    for channels in (1, 3):
        with pytest.raises(FeaturesError, match=r"channels before height.*x\.transpose\(0, 2, 3, 1\)"):
            clean(raw(np.zeros((10, channels, 24, 24))))
    assert clean(raw(np.zeros((10, 3, 24, 24))), kind="image").input.shape == (3, 24, 24)
    assert clean(raw(np.zeros((10, 24, 24, 3)))).input.shape == (24, 24, 3)


def test_floats_that_may_be_images_or_sequences_are_taken_for_sequences_aloud() -> None:
    (note,) = clean(raw(np.zeros((10, 24, 24)))).notes
    assert "24 x 24 float64 were taken for sequences: say --kind sequence, or --kind image" in note
    for kind in KINDS:
        assert clean(raw(np.zeros((10, 24, 24))), kind=kind).notes == ()
    assert clean(raw(np.zeros((10, 24, 24)), lengths=np.full(10, 3))).notes == ()


@pytest.mark.parametrize(("largest", "dtype"), [(2**53, "f8"), (2**24, "f4"), (2**11, "f2")])
def test_labels_as_floats_that_cannot_tell_whole_numbers_apart_are_refused(largest: int, dtype: str) -> None:
    assert clean(raw(y=np.array([largest - 1, 1] * 5, dtype))).labels == (1, largest - 1)
    with pytest.raises(LabelsError, match=r"cannot tell whole numbers from .* apart; save integers"):
        clean(raw(y=np.array([largest, 1] * 5, dtype)))


def test_a_feature_that_numbers_the_rows_is_said_to() -> None:
    noise = np.random.default_rng(1).normal(size=(40, 2))
    index = np.random.default_rng(2).permutation(40)
    data = clean(raw(np.column_stack([noise, index]), np.arange(40) % 2))
    assert data.notes == ("feature 2 has another whole number in each row, as an index has: leave it out",)
    assert clean(raw(np.column_stack([noise, index // 2]), np.arange(40) % 2)).notes == ()
