"""How answers of the Open Inference Protocol are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.wire import open_inference
from service.wire.signature import Signature
from tests.service.wire.open_inference.requests import ask, json_of, read_answer, vector
from tests.service.wire.tensors.signatures import of_numbers
from tests.service.wire.tensors.test_outputs import answer

SQUARE = of_numbers(2, 2, kind="image", labels=(3, 7))
NAMED = "/v2/models/digits~int8/infer"
PROBABLE = np.array([0.1, 0.9, 0.75, 0.25], np.float32)
BODY = json_of(vector([2, 4], [0] * 8))


def told(signature: Signature, path: str = NAMED, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the answer to two rows, as `read_answer` does."""
    codec = open_inference.bind(signature, max_rows=9)
    decoded = codec.decode(ask(path=path), json_of(vector([2, 4], [0] * 8), **fields))
    headers, content = codec.encode(decoded.form, answer([0.1, 0.9], [0.75, 0.25]))
    return read_answer(headers, content)


def test_an_answer_names_what_was_asked_and_its_numbers_are_exact() -> None:
    document, values = told(SQUARE, id='a"é')
    assert {name: document[name] for name in ("model_name", "model_version", "id")} == {
        "model_name": "digits~int8",
        "model_version": "1",
        "id": 'a"é',
    }
    assert [(one["name"], one["datatype"], one["shape"]) for one in document["outputs"]] == [
        ("label", "INT64", [2, 1]),
        ("probabilities", "FP32", [2, 2]),
    ]
    assert values["label"] == [7, 3]
    assert np.array(values["probabilities"], np.float32).tolist() == PROBABLE.tolist()
    assert told(SQUARE, "/v2/models/digits/infer")[0]["model_name"] == "digits"


def test_an_id_is_left_out_where_it_is_empty() -> None:
    assert "id" not in told(SQUARE)[0]
    assert "id" not in told(SQUARE, id="")[0]
    assert set(told(SQUARE, parameters={"a": 1})[0]) == {"model_name", "model_version", "outputs"}


LABEL, PROBABILITIES = {"name": "label"}, {"name": "probabilities"}
AS_BLOB, AS_JSON = {"parameters": {"binary_data": True}}, {"parameters": {"binary_data": False}}


@pytest.mark.parametrize(
    ("fields", "binary"),
    [
        ({}, {"label": False, "probabilities": False}),
        ({"outputs": []}, {"label": False, "probabilities": False}),
        ({"parameters": {"binary_data_output": True}}, {"label": True, "probabilities": True}),
        ({"outputs": [PROBABILITIES | AS_BLOB, LABEL]}, {"label": False, "probabilities": True}),
        ({"outputs": [LABEL, LABEL | AS_BLOB]}, {"label": False}),
        (
            {"outputs": [PROBABILITIES, LABEL | AS_JSON], "parameters": {"binary_data_output": True}},
            {"label": False, "probabilities": True},
        ),
    ],
)
def test_outputs_come_as_each_is_asked_for_in_the_order_of_the_model(
    fields: dict[str, Any], binary: dict[str, bool]
) -> None:
    document, values = told(SQUARE, **fields)
    assert [(one["name"], "data" not in one) for one in document["outputs"]] == list(binary.items())
    assert values.get("label", [7, 3]) == [7, 3]
    wanted = values.get("probabilities", [0.1, 0.9, 0.75, 0.25])
    np.testing.assert_array_equal(np.array(wanted, np.float32), PROBABLE)


def test_the_likeliest_classes_come_as_texts() -> None:
    texts = Signature("digits", 1, "int8", SQUARE.input, None, ("no", "yes"))
    for binary in (True, False):
        asked = {"name": "probabilities", "parameters": {"classification": 5, "binary_data": binary}}
        document, values = told(texts, outputs=[LABEL, asked])
        assert values["probabilities"] == [
            "0.900000:1:yes",
            "0.100000:0:no",
            "0.750000:0:no",
            "0.250000:1:yes",
        ]
        assert document["outputs"][1]["datatype"] == "BYTES"
        assert document["outputs"][1]["shape"] == [2, 2]
        assert values["label"] == ["yes", "no"]
    none = {"name": "probabilities", "parameters": {"classification": 0}}
    assert told(texts, outputs=[none])[0]["outputs"][0]["datatype"] == "FP32"


def test_the_headers_of_one_answer_are_not_those_of_the_next() -> None:
    codec = open_inference.bind(SQUARE, max_rows=9)
    form = codec.decode(ask(), BODY).form
    first, _ = codec.encode(form, answer([0.1, 0.9]))
    first.append((b"server-timing", b"x"))
    assert (b"server-timing", b"x") not in codec.encode(form, answer([0.1, 0.9]))[0]
