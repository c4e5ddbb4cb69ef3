"""Bodies of numbers: the rows that come out, and the refusals that say which number is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequestError, TooLargeError
from service.wire.vectors import decode_json


def test_a_short_sequence_is_filled_up_with_zeros_where_the_model_is_padded() -> None:
    def decode(rows: Sequence[Sequence[float]], step: int) -> list[list[float]]:
        body = json.dumps({"instances": rows}).encode()
        decoded: list[list[float]] = decode_json(body, features=6, max_rows=9, step=step).tolist()
        return decoded

    assert decode([[1.5, 2], [1, 2, 3, 4, 5, 6]], 2) == [[1.5, 2, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]]
    assert decode([[1, 2, 3, 4]], 2) == [[1, 2, 3, 4, 0, 0]]
    wrong: Sequence[float]
    for wrong in ([], [1], [1, 2, 3], [1] * 8):
        with pytest.raises(InvalidRequestError, match="the model takes 6, or whole steps of 2"):
            decode([[1] * 6, wrong], 2)
    with pytest.raises(InvalidRequestError, match=r"instances\[0\] has 2 features; the model takes 6$"):
        decode([[1, 2]], 0)


def decoded(rows: object, shape: tuple[int, ...], step: int = 0) -> np.ndarray[Any, Any]:
    body = json.dumps({"instances": rows}).encode()
    return decode_json(body, features=prod(shape), max_rows=9, step=step, shape=shape)


@given(st.lists(st.integers(1, 3), min_size=2, max_size=5), st.integers(1, 4))
def test_rows_may_be_nested_as_they_are_shaped_or_flat(sizes: list[int], count: int) -> None:
    shape = tuple(sizes)
    rows = np.arange(count * prod(shape), dtype=np.float64).reshape(count, *shape) / 8
    flat = rows.reshape(count, -1)
    np.testing.assert_array_equal(decoded(rows.tolist(), shape), flat)
    np.testing.assert_array_equal(decoded(flat.tolist(), shape), flat)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [[[1, 2], [3, 4]], [[1, 2], [3]]],
            r"instances\[1\]\[1\] has 1 values, not 2: rows are flat, or nested as \(2, 2\)",
        ),
        ([[[1, 2], [3, 4], [5, 6]]], r"instances\[0\] has 3 values"),
        ([[[1, 2], [3, "4"]]], r"Expected 'float', got 'str' - at '\$\.instances\[0\]\[1\]\[1\]'"),
        ([[[[1]], [3, 4]]], r"Expected 'float', got 'array' - at '\$\.instances\[0\]\[0\]\[0\]'"),
        ([[[1, 2], [3, None]]], r"Expected 'float', got 'null' - at '\$\.instances\[0\]\[1\]\[1\]'"),
        ([[[1, 2], [3, float("nan")]]], "the body holds NaN; numbers must be finite"),
        ([[[1, 2], []]], r"instances\[0\]\[1\] has 0 values, not 2"),
        ([[[1, 2, 3], [4]]], r"instances\[0\]\[0\] has 3 values, not 2"),
        ([[[1, 2], [3, 1e39]]], "must be finite"),
        ([[[1, 2], [3, 4]], [1, 2, 3, 4]], "Expected"),
        ([[]], r"has 0 "),
        ([], "no instances"),
        ([[[0, 0], [0, 0]]] * 10, "at most 9"),
    ],
)
def test_rows_that_are_nested_otherwise_are_refused_with_their_place(rows: object, said: str) -> None:
    with pytest.raises((InvalidRequestError, TooLargeError), match=said):
        decoded(rows, (2, 2))


def test_a_nested_sequence_is_filled_up_by_steps_where_the_model_is_padded() -> None:
    np.testing.assert_array_equal(decoded([[[1, 2]]], (3, 2), step=2), [[1, 2, 0, 0, 0, 0]])
    with pytest.raises(InvalidRequestError, match="has 4 values"):
        decoded([[[1, 2]] * 4], (3, 2), step=2)
