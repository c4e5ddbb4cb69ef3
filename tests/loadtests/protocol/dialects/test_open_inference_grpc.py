from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loadtests.errors import LoadTestError, UnexpectedAnswerError
from loadtests.protocol.dialects import open_inference_grpc, protobuf
from loadtests.protocol.dialects.open_inference_grpc import OpenInferenceGrpc
from loadtests.protocol.dialects.tensors import Input
from loadtests.workload.target import Target

TARGET = Target("digits", 2, "int8", (0, 1, 2), protocol="oip+grpc")
DIALECT = OpenInferenceGrpc(TARGET, (Input("x", "FP32", (-1, 2)),))
SCORES = np.array([[0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])


def _tensor(name: str, datatype: str, shape: list[int], contents: bytes = b"") -> bytes:
    fields = ((1, name), (2, datatype), (3, shape), (5, contents))
    return protobuf.blob(5, protobuf.message(*fields))


def _answer(*outputs: bytes, raw: tuple[bytes, ...] = (), model: str = "digits~int8") -> bytes:
    head = protobuf.message((1, model), (2, "2"))
    return b"".join([head, *outputs, *(protobuf.blob(6, one) for one in raw)])


def test_a_request_names_the_model_and_holds_its_rows_as_raw_bytes() -> None:
    rows = np.array([[1.5, 2.0], [0.0, 255.0]], np.float32)
    body = DIALECT.encode(rows)
    fields = protobuf.read(body.content)
    assert (protobuf.text(fields, 1), protobuf.text(fields, 2)) == ("digits~int8", "2")
    (tensor,) = map(protobuf.read, protobuf.messages(fields, 5))
    assert (protobuf.text(tensor, 1), protobuf.text(tensor, 2)) == ("x", "FP32")
    assert protobuf.numbers(tensor, 3) == [2, 2]
    assert protobuf.messages(fields, 7) == [rows.tobytes()]
    assert body.fields == ()


def test_one_output_alone_is_asked_for_where_it_is_named() -> None:
    named = Target("m", None, "", (0, 1, 2), "oip+grpc", output="p")
    body = OpenInferenceGrpc(named, DIALECT.inputs).encode(np.zeros((1, 2), np.float32))
    (requested,) = protobuf.messages(protobuf.read(body.content), 6)
    assert protobuf.text(protobuf.read(requested), 1) == "p"


def test_answers_are_read_from_raw_and_from_typed_contents() -> None:
    labels = b"".join(len(one).to_bytes(4, "little") + one for one in (b"1", b"2"))
    outputs = _tensor("label", "BYTES", [2, 1]), _tensor("p", "FP32", [2, 3])
    raw = _answer(*outputs, raw=(labels, SCORES.astype("<f4").tobytes()))
    typed = (
        _tensor("label", "BYTES", [2, 1], protobuf.blob(8, b"1") + protobuf.blob(8, b"2")),
        _tensor("p", "FP32", [2, 3], protobuf.message((6, SCORES.astype("<f4").tobytes()))),
    )
    for content in (raw, _answer(*typed)):
        answers = DIALECT.read(200, content, 2)
        assert answers.labels == [1, 2]
        assert np.array(answers.scores) == pytest.approx(SCORES, abs=1e-6)


def test_whole_numbers_may_be_labels() -> None:
    content = _answer(_tensor("label", "INT64", [2], protobuf.message((3, [2, 0]))))
    assert DIALECT.read(200, content, 2).labels == [2, 0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff", "not a message of the protocol"),
        (_answer(model="wine"), "not from model_name 'digits~int8'"),
        (_answer(), "no output has a label"),
        (_answer(_tensor("p", "FP32", [2, 3]), raw=(b"abc",)), "does not hold the FP32 that it says"),
        (_answer(_tensor("p", "FP32", [2, 3]), raw=(bytes(24), b"")), "2 raw contents for 1 outputs"),
        (_answer(_tensor("p", "FP32", [3, 2]), raw=(bytes(24),)), "says that its shape is"),
        (_answer(_tensor("p", "COMPLEX", [2, 3]), raw=(bytes(24),)), "does not hold the COMPLEX"),
        (_answer(_tensor("p", "FP32", [2, 3])), "neither numbers nor texts|0 values"),
    ],
)
def test_an_ill_formed_answer_is_unexpected(content: bytes, reason: str) -> None:
    with pytest.raises(UnexpectedAnswerError, match=reason):
        DIALECT.read(200, content, 2)


def test_a_refusal_is_unexpected() -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"^status 503$"):
        DIALECT.read(503, b'{"error": "busy"}', 2)


def _server(status: int, content: bytes) -> Any:
    def ask(method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        assert (method, path.rpartition("/")[0]) == ("POST", "/inference.GRPCInferenceService")
        assert protobuf.text(protobuf.read(body.content), 1) == "digits~int8"
        return status, content

    return ask


def test_the_models_inputs_are_those_of_its_metadata() -> None:
    declared = protobuf.message((1, "x"), (2, "FP32"), (3, [-1, 2]))
    assert open_inference_grpc.meet(TARGET, _server(200, protobuf.blob(4, declared))) == DIALECT


def test_a_server_without_the_model_is_refused_in_its_own_words() -> None:
    with pytest.raises(LoadTestError, match="ModelMetadata answers 404: no such"):
        open_inference_grpc.meet(TARGET, _server(404, b'{"error": "no such"}'))
    with pytest.raises(LoadTestError, match="not a message of the protocol"):
        open_inference_grpc.meet(TARGET, _server(200, b"\xff"))


def test_it_is_ready_when_the_server_says_so_of_the_model() -> None:
    assert open_inference_grpc.is_ready(TARGET, _server(200, b"\x08\x01"))
    assert not open_inference_grpc.is_ready(TARGET, _server(200, b""))
    assert not open_inference_grpc.is_ready(TARGET, _server(404, b'{"error": "no such"}'))
