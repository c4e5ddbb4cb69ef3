"""What bodies of the Open Inference Protocol hold, and how answers are written."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidRequestError, RequestError
from service.wire import open_inference
from service.wire.pieces import LONG_BYTES
from service.wire.tensors.blobs import pack_texts
from tests.service.wire.open_inference.requests import ask as head
from tests.service.wire.open_inference.requests import (
    decode,
    head_length,
    json_of,
    packed,
    vector,
)
from tests.service.wire.tensors.signatures import of_a_table, of_numbers, of_one_field, of_texts

SQUARE = of_numbers(2, 2, kind="image", labels=(3, 7))
ROWS = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.5]]
FLAT = [number for row in ROWS for number in row]
NAMED = "/v2/models/digits~int8/infer"
X: dict[str, Any] = {"name": "x", "shape": [2, 4], "datatype": "FP32"}
BLOB = struct.pack("<8f", *FLAT)


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("fields", [{}, {"id": "é", "model_name": "digits", "more": [{"data": [[1]]}]}])
def test_numbers_are_read_however_they_are_written(indent: int | None, fields: dict[str, Any]) -> None:
    for one in (
        vector([2, 4], FLAT),
        vector([2, 4], ROWS),
        vector([2, 2, 2], FLAT),
        vector([2, 2, 2], np.array(FLAT).reshape(2, 2, 2).tolist()),
        vector([2, 4], FLAT, "FP64"),
        vector([2, 4], FLAT, parameters={"content_type": "np"}),
    ):
        for body in (json_of(one, **fields), json.dumps({"inputs": [one], **fields}, indent=indent).encode()):
            for kind in (bytes, bytearray):
                np.testing.assert_array_equal(decode(SQUARE, kind(body)).rows, ROWS)  # type: ignore[arg-type]


def test_a_blob_is_read_without_a_copy() -> None:
    body, length = packed((X, BLOB))
    rows = decode(SQUARE, body, length).rows
    np.testing.assert_array_equal(rows, ROWS)
    assert np.shares_memory(rows, np.frombuffer(body, np.uint8))


@pytest.mark.parametrize("wrong", ["1e39", '"1"', "[1]", "1,1", "NaN", "", "true"])
def test_long_bodies_are_read_in_pieces_as_they_would_be_as_a_whole(wrong: str) -> None:
    rows = np.random.default_rng(0).normal(size=(4000, 4)).astype(np.float32)
    rows[3900, 1] = 12345.5
    for data in (rows.tolist(), rows.ravel().tolist(), rows.reshape(-1, 2, 2).tolist()):
        body = json_of(vector([4000, 4], data))
        assert len(body) > LONG_BYTES
        np.testing.assert_array_equal(decode(SQUARE, body, max_rows=4000).rows, rows)
        with pytest.raises(RequestError):
            decode(SQUARE, body.replace(b"12345.5", wrong.encode()), max_rows=4000)


def test_blobs_of_other_datatypes_are_cast() -> None:
    for datatype, dtype in (("FP64", "<f8"), ("INT64", "<i8"), ("UINT8", "<u1"), ("FP16", "<f2")):
        body, length = packed(({**X, "datatype": datatype}, np.array([*FLAT[:7], 8]).astype(dtype).tobytes()))
        np.testing.assert_array_equal(decode(SQUARE, body, length).rows.ravel(), [*FLAT[:7], 8])


def test_what_was_remembered_of_one_request_is_not_taken_for_another() -> None:
    codec = open_inference.bind(SQUARE, max_rows=2)
    for variant, numbers in (("a", ROWS), ("b", np.zeros((2, 4)))):
        for id_ in ("1", "2"):
            parameters = {"variant": variant}
            body = json_of(vector([2, 4], np.ravel(numbers).tolist()), id=id_, parameters=parameters)
            decoded = codec.decode(head(), body)
            np.testing.assert_array_equal(decoded.rows, numbers)
            assert (decoded.variant, decoded.form.id) == (variant, id_)
    with pytest.raises(InvalidRequestError, match="'variant' is 'b'; the model's name says 'int8'"):
        codec.decode(head(path=NAMED), body)
    with pytest.raises(InvalidRequestError, match="its shape"):
        codec.decode(head(), json_of(vector([2, 4], FLAT[:4])))
    assert codec.decode(head(), json_of(vector([1, 4], FLAT[:4]))).rows.shape == (1, 4)


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[1,2,3,4],"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[]}]}',
        b'{"data":[1,2,3,4],"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","d\\u0061ta":[]}]}',
        b'{"xx\\"data":[1,2,3,4],"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[]}]}',
        b'{"data":[1,2,3,4],"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32"}]}',
    ],
)
def test_values_that_stand_elsewhere_are_not_those_of_the_input(body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        decode(SQUARE, body)


def test_texts_and_tables_come_in_json_in_blobs_and_in_both() -> None:
    texts = {"name": "text", "shape": [2, 1], "datatype": "BYTES"}
    in_json = decode(of_texts(), json_of({**texts, "data": ["oil ] [", "grain"]})).rows
    np.testing.assert_array_equal(in_json, [[2, 0, 0], [3, 0, 0]])
    body, length = packed((texts, pack_texts(["oil", "grain"])))
    np.testing.assert_array_equal(decode(of_texts(), body, length).rows, in_json)
    age = {"name": "age", "shape": [1, 1], "datatype": "FP32"}
    rest = [
        {"name": "income", "shape": [1, 1], "datatype": "INT32", "data": [1500]},
        {"name": "job", "shape": [1, 1], "datatype": "BYTES", "data": [["nurse"]]},
        {"name": "note", "shape": [1, 1], "datatype": "BYTES", "data": ["oil"]},
    ]
    body, length = packed((age, struct.pack("<f", 41.5)), *[(one, None) for one in rest])
    in_both = decode(of_a_table(), body, length).rows
    np.testing.assert_array_equal(in_both, decode(of_a_table(), json_of({**age, "data": [41.5]}, *rest)).rows)
    null = decode(of_a_table(), json_of({**age, "data": [None]}, *rest)).rows
    np.testing.assert_array_equal(null, decode(of_a_table(), json_of(*rest)).rows)


def test_a_body_after_no_json_is_one_row_of_the_only_input() -> None:
    np.testing.assert_array_equal(decode(SQUARE, BLOB[:16], 0).rows, ROWS[:1])
    np.testing.assert_array_equal(decode(of_texts(), "grain é".encode(), 0).rows, [[3, 1, 0]])
    np.testing.assert_array_equal(decode(of_texts(), b"", 0).rows, [[0, 0, 0]])
    np.testing.assert_array_equal(decode(of_one_field(), struct.pack("<f", 5), 0).rows, [[5]])
    padded = of_numbers(3, 2, kind="sequence", padded=True)
    np.testing.assert_array_equal(decode(padded, struct.pack("<2f", 1, 2), 0).rows, [[1, 2, 0, 0, 0, 0]])
    assert all(choice.is_binary for choice in decode(SQUARE, BLOB[:16], 0).form.choices)
    for signature, body in (
        (SQUARE, BLOB),
        (SQUARE, b""),
        (of_texts(), b"\xff"),
        (of_a_table(), b""),
        (padded, b""),
    ):
        with pytest.raises(InvalidRequestError):
            decode(signature, body, 0)


@pytest.mark.parametrize(
    ("parameters", "variant", "timeout_ms"),
    [
        ({}, None, None),
        ({"variant": "float32"}, "float32", None),
        ({"timeout": 2500}, None, 2.5),
        ({"timeout": 0}, None, None),
        ({"timeout": 2**64 - 1}, None, 3_600_000.0),
        ({"priority": 3, "headers": "x", "sequence_id": 5, "sequence_start": True, "mine": 1.5}, None, None),
    ],
)
def test_parameters_say_variant_and_time(
    parameters: dict[str, Any], variant: str | None, timeout_ms: float | None
) -> None:
    decoded = decode(SQUARE, json_of(vector([2, 4], FLAT), parameters=parameters))
    assert (decoded.variant, decoded.timeout_ms) == (variant, timeout_ms)


def test_a_variant_may_be_said_twice_but_not_in_two_ways() -> None:
    body = json_of(vector([2, 4], FLAT), parameters={"variant": "int8"})
    assert decode(SQUARE, body, path=NAMED).variant is None
    with pytest.raises(InvalidRequestError, match="'variant' is 'int8'; the model's name says 'float32'"):
        decode(SQUARE, body, path="/v2/models/digits~float32/infer")


def test_a_body_is_not_taken_to_hold_more_rows_than_it_does() -> None:
    codec = open_inference.bind(SQUARE, max_rows=200)
    numbers = [-2.2250738585072014e-308] * 400
    longest = json_of(vector([100, 4], numbers))
    blob, length = packed(({**X, "shape": [100, 4], "datatype": "FP64"}, struct.pack("<400d", *numbers)))
    assert 50 < codec.least_rows(head(), len(longest)) <= 100
    assert 100 <= codec.least_rows(head([head_length(length)]), len(blob)) <= 105
