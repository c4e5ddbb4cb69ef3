"""The rows of bodies, whichever way TensorFlow Serving's clients write them; what is wrong with others."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from bundle.store import ModelStore
from service.errors import InvalidRequestError, MalformedBodyError, RequestError, TooLargeError
from service.wire.message import Rows
from service.wire.protocol import Decoded
from service.wire.signature import Signature
from service.wire.tensorflow_serving import ask
from service.wire.tensorflow_serving.codec import Form, bind
from tests.field_data import LOAN
from tests.service.wire.native.test_native import signature

ROWS = Form("predictions")
COLUMNS = Form("outputs")


@pytest.fixture(scope="module")
def loans(field_models: Path) -> Signature:
    return signature(ModelStore(field_models).open("loans"))


@pytest.fixture(scope="module")
def codes(field_models: Path) -> Signature:
    return signature(ModelStore(field_models).open("codes"))


def decoded(of: Signature, body: Any, verb: str = "predict", max_rows: int = 9) -> Decoded:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return bind(of, max_rows=max_rows).decode(ask(f"/v1/models/m:{verb}", b"", []), written)


def encoded(of: Signature, instances: list[Any]) -> Rows:
    assert of.encoder is not None
    return of.encoder.encode(instances)


def b64(text: str) -> dict[str, str]:
    return {"b64": base64.b64encode(text.encode()).decode()}


def test_rows_are_the_same_in_every_form(digits: Bundle) -> None:
    rows = digits.test_set()[0][:3]
    flat, nested = rows.tolist(), rows.reshape(3, 8, 8).tolist()
    bodies: list[tuple[Any, Form]] = [
        ({"instances": flat}, ROWS),
        ({"instances": nested}, ROWS),
        ({"instances": [{"x": row} for row in flat]}, ROWS),
        ({"instances": [{"x": row} for row in nested]}, ROWS),
        ({"signature_name": "serving_default", "instances": flat}, ROWS),
        ({"signature_name": "", "instances": flat, "more": [[1]], "model_name": "m"}, ROWS),
        ({"signature_name": "labelled", "instances": flat}, Form("predictions", is_labelled=True)),
        ({"inputs": flat}, COLUMNS),
        ({"inputs": nested}, COLUMNS),
        ({"inputs": {"x": flat}}, COLUMNS),
        ({"inputs": {"x": nested}}, COLUMNS),
        ({"more": None, "inputs": {"x": nested}}, COLUMNS),
        ({"inputs": {"x": nested}, "signature_name": "labelled"}, Form("outputs", is_labelled=True)),
    ]
    for body, form in bodies:
        found = decoded(signature(digits), body)
        np.testing.assert_array_equal(found.rows, rows)
        assert found.form == form, body
        single = json.loads(json.dumps(body).replace(json.dumps(flat), json.dumps(flat[:1])))
        assert len(decoded(signature(digits), single).rows) in (1, 3)


def test_examples_are_rows_with_what_they_share(digits: Bundle, loans: Signature, codes: Signature) -> None:
    rows = digits.test_set()[0][:2]
    found = decoded(signature(digits), {"examples": [{"x": row} for row in rows.tolist()]}, "classify")
    np.testing.assert_array_equal(found.rows, rows)
    assert found.form == Form("results")
    shared = {"context": {"x": rows[0].tolist()}, "examples": [{}, {}], "signature_name": "classify"}
    np.testing.assert_array_equal(decoded(signature(digits), shared, "classify").rows, rows[[0, 0]])
    rest = {name: value for name, value in LOAN.items() if name != "job"}
    body = {"context": {"job": ["nurse"]}, "examples": [rest, {name: [of] for name, of in rest.items()}]}
    np.testing.assert_array_equal(decoded(loans, body, "classify").rows, encoded(loans, [LOAN, LOAN]))
    body = {"examples": [{"text": "w0001"}, {"text": [b64("w0002")]}]}
    np.testing.assert_array_equal(decoded(codes, body, "classify").rows, encoded(codes, ["w0001", "w0002"]))


def test_texts_come_alone_in_lists_named_and_as_base64(codes: Signature) -> None:
    texts = ["w0001", "w0002"]
    for values in (
        texts,
        [[text] for text in texts],
        [b64(text) for text in texts],
        [[b64(text)] for text in texts],
    ):
        for body in ({"instances": values}, {"inputs": values}, {"inputs": {"text": values}}):
            np.testing.assert_array_equal(decoded(codes, body).rows, encoded(codes, texts))
        named = {"instances": [{"text": value} for value in values]}
        np.testing.assert_array_equal(decoded(codes, named).rows, encoded(codes, texts))


def test_tables_come_as_objects_a_row_or_as_columns(loans: Signature) -> None:
    other = LOAN | {"age": 30, "note": "Überzogen"}
    expected = encoded(loans, [LOAN, other])
    rows = [LOAN, {name: [value] for name, value in other.items()}]
    np.testing.assert_array_equal(decoded(loans, {"instances": rows}).rows, expected)
    rows = [LOAN, other | {"note": b64("Überzogen")}]
    np.testing.assert_array_equal(decoded(loans, {"instances": rows}).rows, expected)
    columns = {name: [LOAN[name], [other[name]]] for name in LOAN}
    found = decoded(loans, {"inputs": columns})
    np.testing.assert_array_equal(found.rows, expected)
    assert found.form == COLUMNS
    del columns["age"]
    filled = encoded(loans, [{k: v for k, v in one.items() if k != "age"} for one in (LOAN, other)])
    np.testing.assert_array_equal(decoded(loans, {"inputs": columns}).rows, filled)


def test_what_python_alone_can_read_is_read(loans: Signature, codes: Signature, digits: Bundle) -> None:
    body = b'{"instances": [{"text": "w0007 \\ud800"}]}'
    np.testing.assert_array_equal(decoded(codes, body).rows, encoded(codes, ["w0007 \ud800"]))
    body = json.dumps({"inputs": {"x": [[0] * 63 + [10**30]]}}).encode()
    assert decoded(signature(digits), body).rows[0, 63] == 1e30
    body = json.dumps(
        {"inputs": {name: [value] for name, value in (LOAN | {"age": 10**20}).items()}}
    ).encode()
    np.testing.assert_array_equal(decoded(loans, body).rows, encoded(loans, [LOAN | {"age": 1e20}]))


NUMBERS: list[tuple[Any, str]] = [
    ({}, "exactly one of 'instances' and 'inputs'"),
    ([], "must be an object with exactly one"),
    ({"instances": [[0] * 64], "inputs": [[0] * 64]}, "exactly one of"),
    (
        {"instances": [[0] * 64], "signature_name": "regress"},
        "'regress'; it may be serving_default or labelled",
    ),
    ({"instances": [[0] * 64], "signature_name": 7}, "signature_name is no text"),
    ({"instances": []}, "no instances"),
    ({"instances": [[0] * 63]}, r"instances\[0\] has 63 features; the model takes 64"),
    ({"inputs": [[0] * 63]}, r"inputs\[0\] has 63 features"),
    ({"instances": 7}, "Expected 'array', got 'int'"),
    ({"instances": [7]}, "Expected 'array', got 'int'"),
    ({"inputs": "x"}, r"Expected 'array', got 'str' - at '\$.inputs'"),
    ({"inputs": {"y": [[0] * 64]}}, "inputs must have 'x' and nothing else; it has 'y'"),
    ({"inputs": {}}, "it has nothing"),
    ({"inputs": {"x": [[0] * 64], "y": 1}}, "inputs has 2 fields, more than the model takes"),
    ({"inputs": {"x": 3}}, "Expected 'array', got 'int'"),
    ({"instances": [{"x": [0] * 64}, [0] * 64]}, r"instances\[1\] must be an object"),
    ({"instances": [[0] * 64, {"x": [0] * 64}]}, r"Expected 'array', got 'object' - at '\$.instances\[1\]'"),
    ({"instances": [{"x": [0] * 64}, {"y": [0] * 64}]}, r"instances\[1\] must have 'x'"),
    ({"instances": [[[0] * 8] * 7 + [[0] * 7]]}, r"instances\[0\]\[7\] has 7 values, not 8"),
    ({"instances": [[True] * 64]}, "Expected 'float', got 'bool'"),
    ({"instances": [["1"] * 64]}, "Expected 'float', got 'str'"),
    ({"instances": [{"b64": "AAAA"}]}, "must have 'x'"),
    ({"instances": [[1e39] * 64]}, "must be finite and fit in float32"),
    ({"instances": [[float("nan")] * 64]}, "the body holds NaN; numbers must be finite"),
    ({"instances": [{"x": [float("-inf")] * 64}]}, "the body holds -Infinity; numbers must be finite"),
    ({"instances": [[0] * 64], "context": 1, "signature_name": None}, "signature_name is no text"),
]


@pytest.mark.parametrize(("body", "detail"), NUMBERS)
def test_what_are_no_rows_of_the_model_is_told_in_a_sentence(digits: Bundle, body: Any, detail: str) -> None:
    with pytest.raises(InvalidRequestError, match=detail):
        decoded(signature(digits), body)


EXAMPLES: list[tuple[Any, str]] = [
    ({"instances": [{"x": [0] * 64}]}, "must be an object with 'examples'"),
    ({"examples": [[0] * 64]}, r"examples\[0\] must be an object"),
    (
        {"examples": [{"x": [0] * 64}], "context": {"x": [0] * 64}},
        r"examples\[0\] and the context both have 'x'",
    ),
    ({"examples": [{"x": [0] * 64}], "context": 5}, "context must be an object"),
    ({"examples": [{}]}, "it has nothing"),
    ({"examples": [{"x": [0] * 64}], "signature_name": "labelled"}, "it may be serving_default or classify"),
]


@pytest.mark.parametrize(("body", "detail"), EXAMPLES)
def test_what_are_no_examples_is_told_in_a_sentence(digits: Bundle, body: Any, detail: str) -> None:
    with pytest.raises(InvalidRequestError, match=detail):
        decoded(signature(digits), body, "classify")


OBJECTS: list[tuple[Any, str]] = [
    ({"instances": [LOAN | {"age": "41"}]}, r"instances\[0\].age is '41'; it must be a number"),
    (
        {"inputs": {"age": ["41"]} | {name: [LOAN[name]] for name in ("income", "job", "note")}},
        r"inputs\[0\].age",
    ),
    ({"instances": [LOAN | {"age": [41, 42]}]}, r"instances\[0\].age is a list"),
    ({"instances": [LOAN | {"age": [[41]]}]}, r"instances\[0\].age is a list"),
    (
        {"instances": [LOAN | {"age": {"b64": 7}}]},
        r"instances\[0\].age is no text in UTF-8",
    ),
    ({"instances": [LOAN | {"note": {"b64": "===="}}]}, "is no text in UTF-8"),
    ({"instances": [LOAN | {"note": {"b64": "/w=="}}]}, "is no text in UTF-8"),
    ({"instances": [LOAN | {"note": {"b65": ""}}]}, r"note is an object; it must be a string"),
    ({"instances": [LOAN | {"shoe": 1}]}, "a field 'shoe' that the model does not know"),
    ({"instances": [LOAN | {f"f{i}": 1 for i in range(50)}]}, "has 54 fields, more than the model takes"),
    ({"instances": [7]}, "the model takes objects with the fields"),
    ({"instances": LOAN}, "instances must be a list"),
    ({"inputs": [LOAN, 7]}, r"inputs\[1\] is 7; the model takes objects"),
    ({"inputs": {}}, "all inputs must have as many values"),
    ({"inputs": {"age": [1, 2], "income": [1]}}, r"all inputs must have as many values; they have \[2, 1\]"),
    ({"inputs": {"age": 1}}, "inputs.age must be a list"),
    ({"inputs": {"age": []}}, "no instances"),
    ({"inputs": {f"f{i}": [1] for i in range(50)}}, "inputs has 50 fields, more than the model takes"),
]


@pytest.mark.parametrize(("body", "detail"), OBJECTS)
def test_a_wrong_field_is_named(loans: Signature, body: Any, detail: str) -> None:
    with pytest.raises(InvalidRequestError, match=detail):
        decoded(loans, body)


TEXTS: list[tuple[Any, str]] = [
    ({"instances": [7]}, r"instances\[0\] is 7; the model takes texts"),
    ({"instances": [["a", "b"]]}, r"instances\[0\] is a list"),
    ({"instances": [{"code": "a"}]}, r"instances\[0\] must have 'text' and nothing else; it has 'code'"),
    ({"inputs": {"code": ["a"]}}, r"inputs\[0\] must have 'text' and nothing else"),
    ({"instances": "a"}, "instances must be a list"),
    ({"inputs": {"b64": "AAAA"}}, "inputs must be a list"),
    ({"instances": [{"b64": "not base64"}]}, r"instances\[0\] is no text in UTF-8"),
]


@pytest.mark.parametrize(("body", "detail"), TEXTS)
def test_what_is_no_text_is_named(codes: Signature, body: Any, detail: str) -> None:
    with pytest.raises(InvalidRequestError, match=detail):
        decoded(codes, body)


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"instances": [[1,]]}', b"\xff", b'{"instances": "\xff"}', b"[" * 9999]
)
def test_what_is_not_json_is_malformed(digits: Bundle, codes: Signature, body: bytes) -> None:
    for of in (signature(digits), codes):
        with pytest.raises(MalformedBodyError):
            decoded(of, body)


def test_more_rows_than_allowed_are_too_large(digits: Bundle, loans: Signature, codes: Signature) -> None:
    row = [0] * 64
    many: list[tuple[Signature, Any]] = [
        (signature(digits), {"instances": [row] * 4}),
        (signature(digits), {"instances": [{"x": row}] * 4}),
        (signature(digits), {"inputs": {"x": [row] * 4}}),
        (loans, {"instances": [LOAN] * 4}),
        (loans, {"inputs": {name: [value] * 4 for name, value in LOAN.items()}}),
        (codes, {"instances": ["a"] * 4}),
    ]
    for of, body in many:
        with pytest.raises(TooLargeError, match="there are 4 rows; at most 3"):
            decoded(of, body, max_rows=3)


_LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
_KEYS = st.sampled_from(
    ["instances", "inputs", "x", "b64", "text", "age", "context", "examples", "signature_name"]
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(body=st.dictionaries(_KEYS, _TREES, max_size=4), verb=st.sampled_from(["predict", "classify"]))
def test_any_document_is_rows_or_a_refusal(
    digits: Bundle, loans: Signature, codes: Signature, body: dict[str, Any], verb: str
) -> None:
    for of in (signature(digits), loans, codes):
        try:
            rows = decoded(of, body, verb).rows
        except RequestError:
            continue
        assert np.isfinite(rows).all()
        assert rows.shape[1] == of.input.features
