"""From tensors to rows: of vectors, texts and tables, and what is refused of each."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.errors import InvalidRequestError, TooLargeError
from service.wire.signature import Signature
from service.wire.tensors.inputs import input_specs, reader
from service.wire.tensors.tensor import NUMBERS, Tensor, TensorSpec
from tests.service.wire.tensors.signatures import of_a_table, of_numbers, of_one_field, of_texts


def rows_of(signature: Signature, *tensors: Tensor, max_rows: int = 9) -> Any:
    return reader(signature, max_rows=max_rows)(tensors)


def x(shape: tuple[int, ...], values: Any, datatype: str = "FP32") -> Tensor:
    return Tensor("x", datatype, shape, values)


def test_a_model_says_which_tensors_it_takes() -> None:
    assert input_specs(of_numbers(8, 8, kind="image").input) == (TensorSpec("x", "FP32", (-1, 64)),)
    assert input_specs(of_texts().input) == (TensorSpec("text", "BYTES", (-1, 1)),)
    assert input_specs(of_a_table().input) == (
        TensorSpec("age", "FP32", (-1, 1), is_optional=True),
        TensorSpec("income", "FP32", (-1, 1)),
        TensorSpec("owns", "BOOL", (-1, 1), is_optional=True),
        TensorSpec("job", "BYTES", (-1, 1)),
        TensorSpec("note", "BYTES", (-1, 1)),
    )


@given(
    values=arrays.arrays(
        np.float32, (3, 4), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    )
)
def test_float32_is_exact(values: Any) -> None:
    rows = rows_of(of_numbers(2, 2, kind="image"), x((3, 4), values.ravel()))
    np.testing.assert_array_equal(rows, values)
    nested = rows_of(of_numbers(2, 2, kind="image"), x((3, 2, 2), values.astype(float).ravel()))
    np.testing.assert_array_equal(nested.astype(np.float32), values)


@pytest.mark.parametrize("datatype", sorted(NUMBERS.keys() - {"BOOL"}))
def test_all_numbers_are_cast(datatype: str) -> None:
    values = np.array([0, 1, 100], NUMBERS[datatype])
    np.testing.assert_array_equal(rows_of(of_numbers(3), x((1, 3), values, datatype)), [[0, 1, 100]])


def test_numbers_of_a_list_are_cast_as_well() -> None:
    np.testing.assert_array_equal(rows_of(of_numbers(2), x((1, 2), [1e23, 2])), [[1e23, 2]])


@pytest.mark.parametrize("value", [nan, np.inf, -np.inf, 3.5e38, -1e300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_beyond_float32_is_refused(value: float, dtype: type) -> None:
    with np.errstate(over="ignore"):
        values: Any = np.array([0, 0, 0, value], dtype)
    with pytest.raises(InvalidRequestError, match="as value 1 of row 1; numbers must be finite"):
        rows_of(of_numbers(2), x((2, 2), values, "FP64"))


@pytest.mark.parametrize("shape", [(4,), (1, 5), (4, 1), (2, 2), (1, 2, 2, 1), (1, 1, 4)])
def test_another_shape_is_refused_and_the_right_ones_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRequestError, match=r"the model takes \[rows, 4\] or \[rows, 2, 2\]"):
        rows_of(of_numbers(2, 2, kind="image"), x(shape, np.zeros(4, np.float32)))


@pytest.mark.parametrize(
    ("shape", "filled"),
    [((1, 2), 4), ((1, 1, 2), 4), ((1, 4), 2), ((1, 2, 2), 2), ((1, 6), 0), ((1, 3, 2), 0)],
)
def test_a_padded_sequence_may_be_shorter_by_whole_steps(shape: tuple[int, ...], filled: int) -> None:
    values = np.arange(1, 7 - filled, dtype=np.float32)
    rows = rows_of(of_numbers(3, 2, kind="sequence", padded=True), x(shape, values))
    np.testing.assert_array_equal(rows, [[*values, *[0] * filled]])
    with pytest.raises(InvalidRequestError, match="and less than 3 steps"):
        rows_of(of_numbers(3, 2, kind="sequence", padded=True), x((1, 3), np.zeros(3, np.float32)))


def test_texts_come_as_strings_or_as_bytes() -> None:
    expected = [[2, 0, 0], [3, 1, 0]]
    for values in (["oil", "grain mill"], [b"oil", b"grain mill"]):
        np.testing.assert_array_equal(rows_of(of_texts(), Tensor("text", "BYTES", (2, 1), values)), expected)


def table(**columns: Any) -> tuple[Tensor, ...]:
    datatypes = {"age": "FP32", "income": "FP64", "owns": "BOOL", "job": "BYTES", "note": "BYTES"}
    return tuple(
        Tensor(name, datatypes.get(name, "FP32"), (2, 1), values) for name, values in columns.items()
    )


WHOLE: dict[str, Any] = {
    "age": np.array([30, nan], np.float32),
    "income": np.array([1.5, 2.5]),
    "owns": [False, None],
    "job": [b"driver", b"pilot"],
    "note": ["oil mill", ""],
}
ROWS = [[30, 0, 1.5, 0, 0, 0, 1, 0, 2, 1], [41, 1, 2.5, 1, 1, 0, 0, 1, 0, 0]]


def test_a_table_has_an_input_a_field_in_any_order() -> None:
    np.testing.assert_array_equal(rows_of(of_a_table(), *table(**WHOLE)), ROWS)
    np.testing.assert_array_equal(rows_of(of_a_table(), *reversed(table(**WHOLE))), ROWS)


def test_a_field_that_may_be_missing_may_be_left_out() -> None:
    given_ = {name: values for name, values in WHOLE.items() if name != "age"}
    rows = rows_of(of_a_table(), *table(**given_))
    np.testing.assert_array_equal(rows[:, :2], [[41, 1], [41, 1]])
    np.testing.assert_array_equal(rows[:, 2:], np.array(ROWS)[:, 2:])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"income": [1.5, nan]}, r"rows\[1\].income is nan"),
        ({"income": [None, 1]}, r"rows\[0\].income is null; a number is needed"),
        ({"income": [1.5]}, r"input 'income' has 1 values; its shape \[2, 1\] needs 2"),
        ({"job": [b"\xff", b""]}, "input 'job' has a text that is not UTF-8"),
        ({"shoe": [1, 2]}, "there is no input 'shoe'; the model takes 'age', 'income'"),
    ],
)
def test_a_wrong_column_is_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        rows_of(of_a_table(), *table(**(WHOLE | change)))


@pytest.mark.parametrize(
    ("signature", "tensors", "told"),
    [
        (of_numbers(2), [], "there are 0 inputs; the model takes one, 'x'"),
        (of_numbers(2), [x((1, 2), [1, 2])] * 2, "there are 2 inputs"),
        (of_numbers(2), [Tensor("y", "FP32", (1, 2), [1, 2])], "there is no input 'y'; the model takes 'x'"),
        (of_numbers(2), [x((1, 2), [1, None])], "input 'x' has a null"),
        (of_numbers(2), [x((1, 2), [True, False], "BOOL")], "input 'x' has datatype BOOL"),
        (of_numbers(2), [x((1, 2), ["1", "2"], "BYTES")], "input 'x' has datatype BYTES"),
        (of_numbers(2), [x((1, 2), [1, 2, 3])], "input 'x' has 3 values"),
        (of_texts(), [Tensor("text", "FP32", (1, 1), [1])], "input 'text' has datatype FP32"),
        (of_texts(), [Tensor("text", "BYTES", (1,), ["a"])], r"the model takes \[rows, 1\]"),
        (of_texts(), [Tensor("text", "BYTES", (1, 1), [None])], r"rows\[0\] is null; the model takes texts"),
        (of_a_table(), [], "there are no inputs; the model takes 'age'"),
        (of_a_table(), [*table(**WHOLE), Tensor("age", "FP32", (2, 1), [1, 2])], "'age' is given twice"),
        (of_a_table(), [*table(**WHOLE)[1:], Tensor("age", "FP32", (1, 1), [1])], "have 1, 2 rows"),
        (of_a_table(), [*table(**WHOLE)[1:], Tensor("age", "BYTES", (2, 1), ["1", "2"])], "takes FP32"),
        (of_one_field(), [Tensor("age", "FP32", (2, 2), [1] * 4)], r"the model takes \[rows, 1\]"),
    ],
)
def test_what_the_model_does_not_take_is_refused(
    signature: Signature, tensors: list[Tensor], told: str
) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        rows_of(signature, *tensors)


def test_too_many_rows_are_refused_whatever_is_in_them() -> None:
    for signature, name, datatype in ((of_numbers(1), "x", "FP32"), (of_texts(), "text", "BYTES")):
        with pytest.raises(TooLargeError, match="there are 10 rows; at most 9"):
            rows_of(signature, Tensor(name, datatype, (10, 1), []))


def test_blanks_around_the_name_of_a_field_are_no_matter() -> None:
    signature = of_one_field()
    assert rows_of(signature, Tensor(" age ", "INT64", (1, 1), np.array([3]))).tolist() == [[3.0]]
