"""Rows are taken in the order in which the model's graph has its numbers, nested or flat, and in no other."""

from __future__ import annotations

from itertools import permutations
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.cleaning import clean
from training.data.dataset import RawData
from training.data.imported.shape import require_shape
from training.errors import FeaturesError, OptionError

shapes = st.lists(st.integers(1, 40), min_size=1, max_size=5).map(tuple)


@given(shapes, st.data())
def test_rows_may_be_flat_or_have_dimensions_joined_or_of_one(
    shape: tuple[int, ...], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(shape)))
    for given_ in (shape, (prod(shape),), (*shape[:place], 1, *shape[place:])):
        require_shape("rows", given_, shape)
    if len(shape) > 1:
        require_shape("rows", (shape[0] * shape[1], *shape[2:]), shape)


@pytest.mark.parametrize("order", [one for one in permutations((8, 6, 3)) if one != (8, 6, 3)])
def test_the_same_numbers_in_another_order_are_refused(order: tuple[int, ...]) -> None:
    with pytest.raises(FeaturesError, match="in another order, so transpose the rows"):
        require_shape("rows", order, (8, 6, 3))


def test_rows_of_another_size_are_refused_with_both() -> None:
    with pytest.raises(
        FeaturesError, match=r"toy has rows of shape \(28, 28\), and the model takes \(32, 3\)$"
    ):
        clean(RawData("toy", np.zeros((5, 28, 28)), np.arange(5)), shape=(32, 3))


def test_rows_of_a_model_are_a_tensor_of_its_shape_and_keep_the_type_that_they_had() -> None:
    data = clean(RawData("toy", np.zeros((5, 1, 4, 4, 3), np.uint8), np.arange(5)), shape=(1, 4, 4, 3))
    assert (data.input.kind, data.input.shape, data.input.channels) == ("tensor", (1, 4, 4, 3), 3)
    assert (data.x.shape, data.stored) == ((5, 48), "uint8")
    assert data.taken == (
        "toy: 5 rows of 1 x 4 x 4 x 3 numbers, in 5 classes of whole numbers: 0, 1, 2, 3, 4",
    )


def test_what_a_row_is_need_not_be_said_of_an_imported_model() -> None:
    with pytest.raises(OptionError, match="--kind image was given, but"):
        clean(RawData("toy", np.zeros((5, 4, 4)), np.arange(5)), kind="image", shape=(4, 4))


def test_padding_is_zero_to_an_imported_model_as_well() -> None:
    raw = RawData("toy", np.ones((2, 3, 2)), np.arange(2), lengths=np.array([1, 3]))
    assert clean(raw, shape=(3, 2)).x.tolist() == [[1, 1, 0, 0, 0, 0], [1] * 6]
    with pytest.raises(OptionError, match="has lengths, and rows of shape"):
        clean(raw, shape=(6,))
