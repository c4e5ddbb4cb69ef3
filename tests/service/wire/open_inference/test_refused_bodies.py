"""Bodies of the Open Inference Protocol that are wrong, each in its way: all are refused, none is a fault."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequestError, MalformedBodyError, RequestError, TooLargeError
from tests.service.wire.open_inference.requests import decode, json_of, packed, vector
from tests.service.wire.tensors.signatures import of_a_table, of_numbers, of_texts

SQUARE = of_numbers(2, 2, kind="image", labels=(3, 7))
ROWS = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.5]]
FLAT = [number for row in ROWS for number in row]
X: dict[str, Any] = {"name": "x", "shape": [2, 4], "datatype": "FP32"}
BLOB = struct.pack("<8f", *FLAT)

WRONG: dict[str, dict[str, Any]] = {
    "no inputs": {"inputs": []},
    "two inputs": {"inputs": [vector([2, 4], FLAT)] * 2},
    "another name": {"inputs": [{**vector([2, 4], FLAT), "name": "X"}]},
    "a name that is no text": {"inputs": [{**vector([2, 4], FLAT), "name": 1}]},
    "no name": {"inputs": [{"shape": [2, 4], "datatype": "FP32", "data": FLAT}]},
    "no shape": {"inputs": [{"name": "x", "datatype": "FP32", "data": FLAT}]},
    "no data": {"inputs": [X]},
    "data that is null": {"inputs": [vector([2, 4], None)]},
    "data that is an object": {"inputs": [vector([2, 4], {"b64": "AAAA"})]},
    "a text for a number": {"inputs": [vector([2, 4], [*FLAT[:7], "8"])]},
    "a flag for a number": {"inputs": [vector([2, 4], [*FLAT[:7], True])]},
    "a null for a number": {"inputs": [vector([2, 4], [*FLAT[:7], None])]},
    "a number too large": {"inputs": [vector([2, 4], [*FLAT[:7], 1e39])]},
    "one number too few": {"inputs": [vector([2, 4], FLAT[:7])]},
    "one number too many": {"inputs": [vector([2, 4], [*FLAT, 1])]},
    "rows of different lengths": {"inputs": [vector([2, 4], [FLAT[:3], FLAT[3:]])]},
    "nested unevenly": {"inputs": [vector([2, 4], [[FLAT], []])]},
    "a size of -1": {"inputs": [vector([-1, 4], FLAT)]},
    "a size of 2.0": {"inputs": [vector([2.0, 4], FLAT)]},  # type: ignore[list-item]
    "a size in a text": {"inputs": [vector(["2", 4], FLAT)]},  # type: ignore[list-item]
    "no rows": {"inputs": [vector([0, 4], [])]},
    "a rank less": {"inputs": [vector([8], FLAT)]},
    "a rank more": {"inputs": [vector([1, 2, 4], FLAT)]},
    "other features": {"inputs": [vector([4, 2], FLAT)]},
    "sizes that overflow": {"inputs": [vector([2**62, 4], FLAT)]},
    "a hundred sizes": {"inputs": [vector([1] * 100, FLAT[:1])]},
    "a datatype in small letters": {"inputs": [vector([2, 4], FLAT, "fp32")]},
    "FP16": {"inputs": [vector([2, 4], FLAT, "FP16")]},
    "BYTES for numbers": {"inputs": [vector([2, 4], ["1"] * 8, "BYTES")]},
    "BOOL for numbers": {"inputs": [vector([2, 4], [True] * 8, "BOOL")]},
    "floats for INT32": {"inputs": [vector([2, 4], FLAT, "INT32")]},
    "a blob that does not come": {"inputs": [{**X, "parameters": {"binary_data_size": 32}}]},
    "shared memory": {"inputs": [{**X, "parameters": {"shared_memory_region": "a"}}]},
    "an id that is a number": {"id": 5},
    "an id that is null": {"id": None},
    "parameters that are a list": {"parameters": []},
    "a parameter that is an object": {"parameters": {"a": {}}},
    "a parameter that is null": {"parameters": {"a": None}},
    "a parameter of Triton's own": {"parameters": {"triton_enable_empty_final_response": True}},
    "a variant that is a number": {"parameters": {"variant": 8}},
    "a variant of no name": {"parameters": {"variant": ""}},
    "a time-out that is a text": {"parameters": {"timeout": "5"}},
    "a time-out that is a flag": {"parameters": {"timeout": True}},
    "a time-out before now": {"parameters": {"timeout": -1}},
    "binary_data_output of 1": {"parameters": {"binary_data_output": 1}},
    "an output that is none": {"outputs": [{"name": "scores"}]},
    "an output without a name": {"outputs": [{}]},
    "an output that is a text": {"outputs": ["label"]},
    "outputs that are null": {"outputs": None},
    "classes of the labels": {"outputs": [{"name": "label", "parameters": {"classification": 2}}]},
    "fewer than no classes": {"outputs": [{"name": "probabilities", "parameters": {"classification": -1}}]},
    "classes in a text": {"outputs": [{"name": "probabilities", "parameters": {"classification": "2"}}]},
    "binary_data in a text": {"outputs": [{"name": "probabilities", "parameters": {"binary_data": "true"}}]},
    "an output in shared memory": {
        "outputs": [{"name": "label", "parameters": {"shared_memory_region": "a"}}]
    },
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_request_is_invalid_in_json_and_with_blobs(what: str) -> None:
    document = {"inputs": [vector([2, 4], FLAT)]} | WRONG[what]
    with pytest.raises(InvalidRequestError):
        decode(SQUARE, json.dumps(document).encode())
    whole = json.dumps({"inputs": [{**X, "parameters": {"binary_data_size": 32}}]} | WRONG[what]).encode()
    if what != "a blob that does not come":
        with pytest.raises(InvalidRequestError):
            decode(SQUARE, whole + BLOB, len(whole))


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"x", b"\xff", b'{"id":"\\ud800","inputs":[]}'),
        *(json_of(vector([2, 4], FLAT)) + b"x", json_of(vector([2, 4], FLAT))[:-1]),
        json_of(vector([2, 4], FLAT), more="?").replace(b"?", b"\xff"),
    ],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBodyError, match="the body is not JSON"):
        decode(SQUARE, body)


@pytest.mark.parametrize(
    "body", [b"[]", b"1", b"null", b"{}", b'{"inputs": {}}', b'{"inputs": [1]}', b"[" * 10**5]
)
def test_json_of_something_else_is_invalid(body: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="the request is not what it must be"):
        decode(SQUARE, body)


@pytest.mark.parametrize("constant", ["NaN", "-Infinity"])
def test_a_constant_that_is_no_json_is_named(constant: str) -> None:
    body = json_of(vector([2, 4], FLAT)).replace(b"8.5", constant.encode())
    with pytest.raises(InvalidRequestError, match=f"the body holds {constant}; numbers must be finite"):
        decode(SQUARE, body)
    blob, length = packed((X, BLOB[:28] + struct.pack("<f", float(constant))))
    with pytest.raises(InvalidRequestError, match="as value 3 of row 1; numbers must be finite"):
        decode(SQUARE, blob, length)


@pytest.mark.parametrize(
    ("cut", "length", "told"),
    [
        (-1, 0, "input 'x' is to have 32 bytes, and 31 are left"),
        (None, -1, "JSON"),
        (None, 1, "JSON"),
        (None, 32, "JSON"),
        (None, 33, "Inference-Header-Content-Length is"),
        (None, 10**14, "Inference-Header-Content-Length is"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(cut: int | None, length: int, told: str) -> None:
    body, right = packed((X, BLOB))
    with pytest.raises(RequestError, match=told):
        decode(SQUARE, body[:cut], right + length)
    with pytest.raises(InvalidRequestError, match="the body has 1 bytes more than its inputs"):
        decode(SQUARE, body + b"\0", right)
    head_ = json_of({**X, "parameters": {"binary_data_size": 28}})
    with pytest.raises(InvalidRequestError, match=r"input 'x' has 28 bytes; its shape and .* make 32"):
        decode(SQUARE, head_ + BLOB[:28], len(head_))


def test_data_and_a_blob_are_one_too_many() -> None:
    body = json_of(vector([2, 4], FLAT, parameters={"binary_data_size": 32}))
    with pytest.raises(InvalidRequestError, match="has both data and binary_data_size"):
        decode(SQUARE, body + BLOB, len(body))


def test_too_many_rows_are_too_large() -> None:
    blob, length = packed((X, BLOB))
    for body, head_ in (
        (json_of(vector([2, 4], FLAT)), None),
        (json_of(vector([2, 4], ROWS)), None),
        (blob, length),
    ):
        with pytest.raises(TooLargeError, match="there are 2 rows; at most 1"):
            decode(SQUARE, body, head_, max_rows=1)


SIGNATURES = [SQUARE, of_texts(), of_a_table(), of_numbers(3, 2, kind="sequence", padded=True)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
INPUT = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["x", "text", "age", "income", "y"]) | JSON,
        "shape": st.lists(st.integers(-1, 4) | st.integers(), max_size=4) | JSON,
        "datatype": st.sampled_from(["FP32", "FP64", "INT8", "BOOL", "BYTES"]) | JSON,
        "data": st.lists(st.integers() | st.floats() | st.text(max_size=3), max_size=8) | JSON,
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": st.integers(-1, 40) | JSON})
        | JSON,
    },
)
REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(max_size=4) | JSON,
        "inputs": st.lists(INPUT, max_size=3) | JSON,
        "outputs": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["label", "probabilities", "z"])}) | JSON
        ),
        "parameters": st.dictionaries(
            st.sampled_from(["timeout", "variant", "binary_data_output", "triton_x", "a"]), JSON, max_size=3
        )
        | JSON,
    },
)


@given(request=REQUEST | JSON, blob=st.binary(max_size=40), shift=st.integers(-5, 5) | st.none())
def test_any_json_with_any_bytes_after_it_is_rows_or_refused(
    request: Any, blob: bytes, shift: int | None
) -> None:
    text = json.dumps(request).encode()
    length = None if shift is None else max(0, len(text) + shift)
    for signature in SIGNATURES:
        for body in (text, text + blob):
            try:
                rows = decode(signature, body, length).rows
            except RequestError:
                continue
            assert rows.shape[1] == signature.input.features
            assert np.isfinite(rows.astype(np.float32)).all()
