"""Tensors as JSON: which lists are the values of a shape, and which are not."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequestError, MalformedBodyError, RequestError
from service.wire.tensors.arrays import read

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


def values(datatype: str, shape: tuple[int, ...], text: str) -> list[Any]:
    return list(read("x", datatype, shape, text.encode()).values)


@given(data=st.data(), shape=SHAPES, indent=st.sampled_from([None, 2]))
def test_numbers_are_the_same_flat_and_nested(
    data: st.DataObject, shape: tuple[int, ...], indent: int | None
) -> None:
    numbers = data.draw(
        st.lists(
            st.floats(width=32, allow_nan=False, allow_infinity=False),
            min_size=prod(shape),
            max_size=prod(shape),
        )
    )
    nested = np.array(numbers).reshape(shape).tolist()
    for one in (numbers, nested):
        assert values("FP32", shape, json.dumps(one, indent=indent)) == numbers


@given(data=st.data(), shape=SHAPES)
def test_texts_are_the_same_flat_and_nested(data: st.DataObject, shape: tuple[int, ...]) -> None:
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(["[", "],[", ""])
    texts = data.draw(st.lists(text, min_size=prod(shape), max_size=prod(shape)))
    nested = np.array(texts, object).reshape(shape).tolist()
    for one in (texts, nested):
        assert values("BYTES", shape, json.dumps(one)) == texts
        assert values("BYTES", shape, json.dumps(one, ensure_ascii=False)) == texts


@pytest.mark.parametrize(
    ("datatype", "text", "expected"),
    [
        ("FP32", "[1, 2.5]", [1.0, 2.5]),
        ("FP32", "[1e20, 100000000000000000000000]", [1e20, 1e23]),
        ("FP32", "[null, 1]", [None, 1.0]),
        ("FP64", "[[1, -2]]", [1.0, -2.0]),
        ("INT8", "[-128, 127]", [-128, 127]),
        ("UINT64", "[0, 18446744073709551615]", [0, 2**64 - 1]),
        ("INT64", "[null, -9223372036854775808]", [None, -(2**63)]),
        ("BOOL", "[true, false]", [True, False]),
        ("BYTES", '["a", "\\u00e9"]', ["a", "é"]),
        ("FP32", "[[1], [2]]", [1.0, 2.0]),
        ("FP32", "[ [[1, 2]]]", [1.0, 2.0]),
        ("BYTES", '[[["a"]], [["b"]]]', ["a", "b"]),
    ],
)
def test_values_are_of_the_datatype(datatype: str, text: str, expected: list[Any]) -> None:
    assert values(datatype, (1, 2), text) == expected


@pytest.mark.parametrize(
    ("datatype", "text"),
    [
        *(
            ("FP32", text)
            for text in ("[1]", "[1, 2, 3]", "[]", "[[], []]", "[1, [2]]", "[[1], 2]", "[[1, 2], []]")
        ),
        *(
            ("FP32", text)
            for text in ("1", "{}", "null", '"12"', '["1", "2"]', "[true, 2]", "[1, 1e400]", "[{}, 1]")
        ),
        *(
            ("FP32", text)
            for text in (
                "[[[1, 2], []]]",
                "[[1, 2]",
                "[[[1], 2]]",
                f"{'[' * 300}1, 2{']' * 300}",
                "[NaN, 1]",
                "",
                "[1, 2] 3",
            )
        ),
        *(("INT32", text) for text in ("[1.0, 2]", "[1, 2147483648]", "[-2147483649, 2]", "[true, 1]")),
        *(("UINT8", text) for text in ("[-1, 2]", "[256, 1]", "[null, 256]", "[1, 99999999999999999999999]")),
        *(("BOOL", text) for text in ("[0, 1]", '["true", "false"]')),
        *(
            ("BYTES", text)
            for text in ("[1, 2]", "[null]", '["a"]', '[["a"], ["b", "c"]]', '["a", "\\ud800"]')
        ),
        *((datatype, "[1, 2]") for datatype in ("FP16", "fp32", "float", "", "TYPE_FP32")),
    ],
)
def test_what_is_not_such_values_is_refused(datatype: str, text: str) -> None:
    with pytest.raises((InvalidRequestError, MalformedBodyError)):
        read("x", datatype, (1, 2), text.encode())


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(MalformedBodyError):
        read("x", "BYTES", (1, 1), b'["\xff"]')


def test_a_refusal_says_where() -> None:
    with pytest.raises(InvalidRequestError, match=r"data of input 'x': .* got 'str' - at '\$\[0\]\[1\]'"):
        read("x", "FP32", (1, 2), b'[[1, "2"]]')
    with pytest.raises(InvalidRequestError, match="is uneven: lists of 1 and of 3 values"):
        read("x", "FP32", (2, 2), b"[[1, 2, 3], [4]]")


@pytest.mark.parametrize("shape", [(), (0, 2), (-1, 2), (1,) * 10, (1, 2, -1)])
def test_a_shape_that_is_none_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRequestError, match="sizes of 1 or more"):
        read("x", "FP32", shape, b"[1, 2]")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=8,
)


@given(
    value=JSON,
    shape=st.lists(st.integers(1, 2**70), max_size=3).map(tuple) | SHAPES,
    datatype=st.sampled_from(["FP32", "INT8", "UINT64", "BOOL", "BYTES", "FP16", "x"]),
)
def test_any_json_is_values_or_refused(value: Any, shape: tuple[int, ...], datatype: str) -> None:
    try:
        found = read("x", datatype, shape, json.dumps(value).encode())
    except RequestError:
        return
    assert len(found.values) == prod(shape)
