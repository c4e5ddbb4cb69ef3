from __future__ import annotations

import json
import struct
from math import inf
from typing import Any

import numpy as np
import pytest

from loadtests.errors import LoadTestError, RowsError, UnexpectedAnswerError
from loadtests.protocol.dialects import open_inference
from loadtests.protocol.dialects.open_inference import OpenInference
from loadtests.protocol.dialects.tensors import Input
from loadtests.workload.target import Target

TARGET = Target("digits", None, "int8", (0, 1, 2), protocol="oip")
BINARY = Target("digits", None, "int8", (0, 1, 2), protocol="oip", is_binary=True)
INPUTS = (Input("x", "FP32", (-1, 2)),)
ROWS = np.array([[13.54, 1.0], [0.0, 255.0]], np.float32)
LABEL = {"name": "label", "datatype": "BYTES", "shape": [2, 1], "data": ["1", "2"]}
SCORES = {"name": "p", "datatype": "FP32", "shape": [2, 3], "data": [0.1, 0.8, 0.1, 0.1, 0.1, 0.8]}
GOOD: dict[str, Any] = {"model_name": "digits~int8", "model_version": "1", "outputs": [LABEL, SCORES]}


def _texts(objects: list[Any]) -> Any:
    found = np.empty(len(objects), object)
    found[:] = objects
    return found


def _server(answers: dict[str, Any], status: int = 200) -> Any:
    """Return what asks a server that says this at each path, and nothing elsewhere."""

    def ask(method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        assert method == "GET"
        return (status, json.dumps(answers[path]).encode()) if path in answers else (404, b"{}")

    return ask


METADATA = {
    "name": "digits~int8",
    "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
    "outputs": [],
}


def test_the_models_inputs_are_those_of_its_metadata() -> None:
    met = open_inference.meet(TARGET, _server({"/v2/models/digits~int8": METADATA}))
    assert met == OpenInference(TARGET, INPUTS)
    assert met.path == "/v2/models/digits~int8/infer"
    assert met.form == "JSON tensors (x FP32 [-1, 2])"


def test_a_version_is_in_every_path() -> None:
    target = Target("a b", 3, "", (0, 1), protocol="oip")
    ask = _server({"/v2/models/a%20b/versions/3": METADATA, "/v2/models/a%20b/versions/3/ready": {}})
    assert open_inference.meet(target, ask).path == "/v2/models/a%20b/versions/3/infer"
    assert open_inference.is_ready(target, ask)
    assert not open_inference.is_ready(TARGET, ask)


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({}, "/v2/models/digits~int8 answers 404"),
        ({"/v2/models/digits~int8": []}, "answers 200, and not what it should"),
        ({"/v2/models/digits~int8": {"inputs": [{"name": "x"}]}}, "does not say which inputs"),
        ({"/v2/models/digits~int8": {"inputs": 5}}, "does not say which inputs"),
        (
            {"/v2/models/digits~int8": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [inf]}]}},
            "does not say which inputs",
        ),
    ],
)
def test_a_server_without_the_model_is_refused_in_a_sentence(answers: dict[str, Any], complaint: str) -> None:
    with pytest.raises(LoadTestError, match=complaint):
        open_inference.meet(TARGET, _server(answers))


def test_what_the_server_says_of_its_refusal_is_told() -> None:
    ask = _server({"/v2/models/digits~int8": {"error": "no such model"}}, status=400)
    with pytest.raises(LoadTestError, match="answers 400: no such model"):
        open_inference.meet(TARGET, ask)


@pytest.mark.parametrize("extensions", [[], None, ["classification"]])
def test_binary_tensors_are_sent_only_where_they_are_offered(extensions: Any) -> None:
    answers = {"/v2/models/digits~int8": METADATA, "/v2": {"extensions": extensions}}
    with pytest.raises(LoadTestError, match="does not offer binary_tensor_data"):
        open_inference.meet(BINARY, _server(answers))
    answers["/v2"] = {"extensions": ["binary_tensor_data"]}
    assert open_inference.meet(BINARY, _server(answers)).form == "binary tensors (x FP32 [-1, 2])"


def test_rows_are_json_in_the_fewest_digits_and_one_after_the_other() -> None:
    body = OpenInference(TARGET, INPUTS).encode(ROWS)
    assert json.loads(body.content) == {
        "id": "1",
        "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [13.54, 1.0, 0.0, 255.0]}],
    }
    assert dict(body.fields) == {"Content-Type": "application/json"}


def test_rows_are_bytes_behind_a_json_head_whose_length_is_told() -> None:
    body = OpenInference(BINARY, INPUTS).encode(ROWS)
    fields = dict(body.fields)
    length = int(fields["Inference-Header-Content-Length"])
    assert fields["Content-Type"] == "application/octet-stream"
    head = json.loads(body.content[:length])
    assert head["parameters"] == {"binary_data_output": True}
    (tensor,) = head["inputs"]
    assert tensor["parameters"] == {"binary_data_size": 16}
    assert body.content[length:] == ROWS.astype("<f4").tobytes()


def test_one_output_alone_is_asked_for_where_it_is_named() -> None:
    dialect = OpenInference(Target("m", None, "", (0, 1, 2), "oip", output="p"), INPUTS)
    assert json.loads(dialect.encode(ROWS).content)["outputs"] == [{"name": "p"}]
    assert dialect.form.endswith(", for p alone")


def test_texts_are_strings_or_bytes_with_their_length() -> None:
    inputs = (Input("text", "BYTES", (-1, 1)),)
    body = OpenInference(TARGET, inputs).encode(_texts(["Grüße", ""]))
    assert json.loads(body.content)["inputs"][0] == {
        "name": "text",
        "shape": [2, 1],
        "datatype": "BYTES",
        "data": ["Grüße", ""],
    }
    binary = OpenInference(BINARY, inputs).encode(_texts(["Grüße", ""])).content
    assert binary.endswith(struct.pack("<I", 7) + "Grüße".encode() + struct.pack("<I", 0))


def test_objects_are_an_input_for_each_field() -> None:
    inputs = (Input("age", "INT64", (-1, 1)), Input("note", "BYTES", (-1, 1)), Input("sum", "FP64", (-1, 1)))
    rows = _texts([{"age": 3, "note": "a", "sum": 0.1}, {"age": 4, "note": None, "sum": 2}])
    tensors = json.loads(OpenInference(TARGET, inputs).encode(rows).content)["inputs"]
    assert [(one["name"], one["datatype"], one["data"]) for one in tensors] == [
        ("age", "INT64", [3, 4]),
        ("note", "BYTES", ["a", ""]),
        ("sum", "FP64", [0.1, 2.0]),
    ]


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        ((-1, 4), [2, 4]),
        ((-1, 2, 2), [2, 2, 2]),
        ((-1, -1), [2, 4]),
        ((-1, 1, -1), [2, 1, 4]),
        ((2, 4, 1), [2, 4, 1]),
        ((), [2, 4]),
    ],
)
def test_rows_take_the_shape_that_the_model_declares(declared: tuple[int, ...], shape: list[int]) -> None:
    body = OpenInference(TARGET, (Input("x", "FP32", declared),)).encode(np.ones((2, 4), np.float32))
    assert json.loads(body.content)["inputs"][0]["shape"] == shape


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ((Input("x", "FP32", (-1, 3)),), r"takes x FP32 \[-1, 3\]; the rows to send are of shape \[4\]"),
        ((Input("x", "FP32", (1, 4)),), "and so 1 rows a request, not 2"),
        ((Input("x", "BYTES", (-1, 1)),), "the rows to send are numbers"),
        ((Input("x", "COMPLEX", (-1, 4)),), "the rows to send are numbers"),
        ((Input("x", "UINT8", (-1, 4)),), "the rows to send are not whole numbers"),
        ((Input("a", "FP32", (-1, 4)), Input("b", "FP32", (-1, 4))), "takes the inputs a FP32"),
    ],
)
def test_rows_that_the_model_does_not_take_are_refused(inputs: tuple[Input, ...], complaint: str) -> None:
    with pytest.raises(RowsError, match=complaint):
        OpenInference(TARGET, inputs).encode(np.full((2, 4), 0.5, np.float32))


@pytest.mark.parametrize(
    ("datatype", "sent"), [("UINT8", [1, 2]), ("INT64", [1, 2]), ("FP16", [1, 2]), ("BOOL", [True, True])]
)
def test_numbers_are_sent_as_the_datatype_that_is_declared(datatype: str, sent: list[Any]) -> None:
    rows = np.array([[1.0, 2.0]], np.float32)
    body = OpenInference(TARGET, (Input("x", datatype, (-1, 2)),)).encode(rows)
    assert json.loads(body.content)["inputs"][0]["data"] == sent


def test_a_server_that_declares_no_inputs_is_sent_what_there_is() -> None:
    assert json.loads(OpenInference(TARGET, ()).encode(ROWS).content)["inputs"][0]["name"] == "x"


def _read(answer: Any, blobs: bytes = b"", target: Target = TARGET) -> Any:
    return OpenInference(target, INPUTS).read(200, json.dumps(answer).encode() + blobs, 2)


def test_an_answer_holds_labels_and_scores_flat_or_nested() -> None:
    assert _read(GOOD) == ([1, 2], [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], "")
    nested = {**SCORES, "data": [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]}
    assert _read(GOOD | {"outputs": [nested]}) == ([1, 2], [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]], "")


def test_outputs_may_be_bytes_behind_the_json_whatever_the_head_of_the_answer_says() -> None:
    label = b"".join(struct.pack("<I", 1) + one for one in (b"1", b"2"))
    scores = np.array(SCORES["data"], "<f4").tobytes()
    outputs = [
        {**{k: v for k, v in one.items() if k != "data"}, "parameters": {"binary_data_size": len(blob)}}
        for one, blob in ((LABEL, label), (SCORES, scores))
    ]
    answers = _read(GOOD | {"outputs": outputs}, label + scores, BINARY)
    assert answers.labels == [1, 2]
    assert np.array(answers.scores) == pytest.approx(np.array(SCORES["data"]).reshape(2, 3), abs=1e-6)
    with pytest.raises(UnexpectedAnswerError, match="3 bytes follow the outputs"):
        _read(GOOD | {"outputs": outputs}, label + scores + b"abc", BINARY)
    with pytest.raises(UnexpectedAnswerError, match="'p' is neither numbers nor texts"):
        _read(GOOD | {"outputs": outputs}, label + scores[1:], BINARY)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_name": "wine"}, "not from model_name 'digits~int8'"),
        ({"outputs": None}, "no list of outputs"),
        ({"outputs": [1]}, "no list of outputs"),
        ({"outputs": []}, "no output has a label, or 3 numbers, for each row; there are none"),
        ({"outputs": [SCORES | {"shape": [3, 2]}]}, "says that its shape is"),
        ({"outputs": [SCORES | {"shape": "2,3"}]}, "says that its shape is"),
        ({"outputs": [SCORES | {"data": [0.1] * 5}]}, "5 values for 2 rows"),
        ({"outputs": [SCORES | {"data": [[0.1], [0.1, 0.2]]}]}, "neither numbers nor texts"),
        ({"outputs": [SCORES | {"data": None}]}, "neither numbers nor texts"),
        ({"outputs": [SCORES | {"data": [float("nan")] * 6}]}, "not a finite number"),
        ({"outputs": [LABEL | {"data": ["1", "9"]}]}, "has '9', which is not a label"),
        ({"outputs": [LABEL | {"datatype": "INT64", "data": [1, 9]}]}, "has 9, which is not a label"),
    ],
)
def test_an_ill_formed_answer_is_unexpected(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=reason):
        _read(GOOD | change)


@pytest.mark.parametrize("content", [b"", b"not json", b"\xff", b"[]", b'"x"', b"[" * 100_000])
def test_something_else_than_an_object_is_unexpected(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"not JSON|not an object"):
        OpenInference(TARGET, INPUTS).read(200, content, 2)


def test_a_status_other_than_200_is_unexpected_whatever_it_says() -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"^status 503$"):
        OpenInference(TARGET, INPUTS).read(503, json.dumps(GOOD).encode(), 2)


def test_an_answer_of_another_version_than_was_asked_for_is_unexpected() -> None:
    asked = Target("digits", 2, "int8", (0, 1, 2), protocol="oip")
    with pytest.raises(UnexpectedAnswerError, match="not from model_version '2'"):
        _read(GOOD, target=asked)
