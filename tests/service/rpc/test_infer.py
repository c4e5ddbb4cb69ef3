"""Tests of ModelInfer: both forms of tensors, what a client may say besides, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

from bundle.normalizer import FloatArray
from tests.running_service import RunningService
from tests.service.metrics_text import scrape
from tests.service.rpc.client import Client

INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND

Ask = dict[str, Any]
"""The fields of a request."""

_CONTENTS = {
    "BOOL": ("bool_contents", "?"),
    "INT8": ("int_contents", "i1"),
    "INT16": ("int_contents", "<i2"),
    "INT32": ("int_contents", "<i4"),
    "INT64": ("int64_contents", "<i8"),
    "UINT8": ("uint_contents", "u1"),
    "UINT16": ("uint_contents", "<u2"),
    "UINT32": ("uint_contents", "<u4"),
    "UINT64": ("uint64_contents", "<u8"),
    "FP32": ("fp32_contents", "<f4"),
    "FP64": ("fp64_contents", "<f8"),
}
"""Of each datatype the field that holds its values, and how NumPy calls it."""


def raw(
    rows: FloatArray, datatype: str = "FP32", dtype: str = "<f4", name: str = "digits", **more: Any
) -> Ask:
    tensor = {"name": "x", "datatype": datatype, "shape": rows.shape}
    return {
        "model_name": name,
        "inputs": [tensor],
        "raw_input_contents": [rows.astype(dtype).tobytes()],
        **more,
    }


def typed(
    rows: FloatArray, datatype: str = "FP32", dtype: str = "<f4", name: str = "digits", **more: Any
) -> Ask:
    contents = {_CONTENTS[datatype][0]: rows.astype(dtype).ravel().tolist()}
    tensor = {"name": "x", "datatype": datatype, "shape": rows.shape, "contents": contents}
    return {"model_name": name, "inputs": [tensor], **more}


FORMS = pytest.mark.parametrize("form", [raw, typed])
Form = Callable[..., Ask]


def probabilities(answer: Any) -> FloatArray:
    """Return the probabilities of an answer, which is in the form of its request."""
    names = [output.name for output in answer.outputs]
    output = answer.outputs[names.index("probabilities")]
    assert output.datatype == "FP32"
    if answer.raw_output_contents:
        values = np.frombuffer(answer.raw_output_contents[names.index("probabilities")], "<f4")
    else:
        values = np.array(output.contents.fp32_contents, "<f4")
    return values.reshape(tuple(output.shape))


@FORMS
@pytest.mark.parametrize("variant", ["float32", "int8", "int16x8"])
def test_it_answers_what_the_variant_answers_in_the_form_of_the_request(
    rpc: Client, rows: FloatArray, expected: dict[str, FloatArray], form: Form, variant: str
) -> None:
    answer = rpc.ask("ModelInfer", **form(rows, name=f"digits~{variant}", id="mine"))
    assert (answer.model_name, answer.model_version, answer.id) == (f"digits~{variant}", "1", "mine")
    label, _ = answer.outputs
    assert (label.name, label.datatype, list(label.shape)) == ("label", "INT64", [len(rows), 1])
    best = expected[variant].argmax(axis=1)
    if form is raw:
        assert np.array_equal(np.frombuffer(answer.raw_output_contents[0], "<i8"), best)
    else:
        assert not answer.raw_output_contents
        assert list(label.contents.int64_contents) == best.tolist()
    assert np.allclose(probabilities(answer), expected[variant], atol=1e-6)


def test_both_forms_answer_the_very_same_numbers(rpc: Client, rows: FloatArray) -> None:
    one, other = (probabilities(rpc.ask("ModelInfer", **form(rows))) for form in (raw, typed))
    assert np.array_equal(one, other)


@FORMS
@pytest.mark.parametrize("datatype", [name for name in _CONTENTS if name != "BOOL"])
def test_numbers_of_every_datatype_are_taken(
    rpc: Client, rows: FloatArray, expected: dict[str, FloatArray], form: Form, datatype: str
) -> None:
    answer = rpc.ask("ModelInfer", **form(rows, datatype, _CONTENTS[datatype][1]))
    assert np.allclose(probabilities(answer), expected["float32"], atol=1e-6)


def test_half_precision_comes_as_bytes(
    rpc: Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    answer = rpc.ask("ModelInfer", **raw(rows, "FP16", "<f2"))
    assert np.allclose(probabilities(answer), expected["float32"], atol=1e-6)


@FORMS
@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_messages_are_taken(
    rpc: Client, rows: FloatArray, expected: dict[str, FloatArray], form: Form, compression: grpc.Compression
) -> None:
    answer = rpc.ask("ModelInfer", options={"compression": compression}, **form(rows))
    assert np.allclose(probabilities(answer), expected["float32"], atol=1e-6)


def test_the_default_variant_has_no_name_and_a_version_may_be_said(rpc: Client, rows: FloatArray) -> None:
    answer = rpc.ask("ModelInfer", **raw(rows, model_version="1"))
    assert (answer.model_name, answer.model_version, answer.id) == ("digits", "1", "")


def test_what_perf_analyzer_says_of_streams_is_heard_without_an_error(rpc: Client, rows: FloatArray) -> None:
    said = {"triton_enable_empty_final_response": {"bool_param": True}}
    assert rpc.ask("ModelInfer", **raw(rows, parameters=said)) == rpc.ask("ModelInfer", **raw(rows))


def test_texts_are_labels_of_a_model_that_has_such(rpc: Client) -> None:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [1, 30], "contents": {"fp32_contents": [1.0] * 30}}]
    answer = rpc.ask("ModelInfer", model_name="breast_cancer", inputs=inputs)
    assert answer.outputs[0].datatype == "BYTES"
    assert answer.outputs[0].contents.bytes_contents[0] in (b"malignant", b"benign")


@FORMS
def test_outputs_are_those_that_are_asked_for(rpc: Client, rows: FloatArray, form: Form) -> None:
    answer = rpc.ask("ModelInfer", **form(rows, outputs=[{"name": "probabilities"}]))
    assert [output.name for output in answer.outputs] == ["probabilities"]
    assert len(answer.raw_output_contents) == (form is raw)


@FORMS
def test_classes_are_told_likeliest_first(
    rpc: Client, rows: FloatArray, expected: dict[str, FloatArray], form: Form
) -> None:
    wanted = {"name": "probabilities", "parameters": {"classification": {"int64_param": 2}}}
    answer = rpc.ask("ModelInfer", **form(rows[:1], outputs=[wanted]))
    (output,) = answer.outputs
    assert (output.datatype, list(output.shape)) == ("BYTES", [1, 2])
    content = answer.raw_output_contents[0] if form is raw else output.contents.bytes_contents[0]
    best = int(expected["float32"][0].argmax())
    assert f":{best}:{best}".encode() in content


def test_the_variant_may_be_a_parameter(
    rpc: Client, rows: FloatArray, expected: dict[str, FloatArray]
) -> None:
    given = {"variant": {"string_param": "int16x8"}, "priority": {"uint64_param": 3}}
    answer = rpc.ask("ModelInfer", **raw(rows, parameters=given))
    assert answer.model_name == "digits"
    assert np.allclose(probabilities(answer), expected["int16x8"], atol=1e-6)


_ROW = np.zeros((1, 64), np.float32)
_TENSOR = {"name": "x", "datatype": "FP32", "shape": [1, 64]}
_BLOB = bytes(256)


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (raw(_ROW, name="nothing"), NOT_FOUND, "there is no model 'nothing'"),
        (raw(_ROW, name=""), NOT_FOUND, "there is no model ''"),
        (raw(_ROW, name="digits~nothing"), NOT_FOUND, "has no variant 'nothing'"),
        (raw(_ROW, model_version="7"), NOT_FOUND, "has no version 7"),
        (raw(_ROW, model_version="one"), NOT_FOUND, "has no version 'one'"),
        (
            raw(_ROW, name="digits~int8", parameters={"variant": {"string_param": "float32"}}),
            INVALID,
            "'int8'",
        ),
        (raw(_ROW, parameters={"variant": {}}), INVALID, "parameter 'variant' has no value"),
        (raw(_ROW, parameters={"variant": {"int64_param": 8}}), INVALID, "'variant' must be a name"),
        (raw(_ROW, parameters={"timeout": {"string_param": "soon"}}), INVALID, "'timeout' must be"),
        (raw(_ROW, parameters={"triton_x": {"bool_param": True}}), INVALID, "'triton_x' is not known"),
        (raw(_ROW, outputs=[{"name": "other"}]), INVALID, "there is no output 'other'"),
        (
            raw(_ROW, outputs=[{"name": "label", "parameters": {"classification": {"int64_param": 1}}}]),
            INVALID,
            "classification is of probabilities",
        ),
        (
            raw(
                _ROW,
                outputs=[{"name": "label", "parameters": {"shared_memory_region": {"string_param": "r"}}}],
            ),
            INVALID,
            "shared memory",
        ),
        ({"model_name": "digits"}, INVALID, "there are 0 inputs"),
        (
            {"model_name": "digits", "raw_input_contents": [_BLOB]},
            INVALID,
            "0 inputs and 1 raw_input_contents",
        ),
        ({"model_name": "digits", "inputs": [_TENSOR]}, INVALID, "has 0 values; its shape [1, 64] needs 64"),
        (
            {"model_name": "digits", "inputs": [_TENSOR], "raw_input_contents": [_BLOB[1:]]},
            INVALID,
            "has 255 bytes",
        ),
        (
            {"model_name": "digits", "inputs": [_TENSOR], "raw_input_contents": [_BLOB, _BLOB]},
            INVALID,
            "1 inputs and 2",
        ),
        (
            typed(_ROW) | {"raw_input_contents": [_BLOB]},
            INVALID,
            "has contents, and there are raw_input_contents as well",
        ),
        (
            {"model_name": "digits", "inputs": [_TENSOR | {"contents": {"fp64_contents": [0.0] * 64}}]},
            INVALID,
            "has fp64_contents; its datatype FP32 makes that fp32_contents",
        ),
        (
            {"model_name": "digits", "inputs": [_TENSOR | {"datatype": "FP16"}]},
            INVALID,
            "FP16, which is sent as raw bytes",
        ),
        (
            {
                "model_name": "digits",
                "inputs": [_TENSOR | {"datatype": "INT8", "contents": {"int_contents": [0] * 63 + [128]}}],
            },
            INVALID,
            "has a number that is no INT8",
        ),
        (typed(_ROW, "BOOL", "?"), INVALID, "has datatype BOOL; the model takes FP32"),
        ({"model_name": "digits", "inputs": [_TENSOR | {"datatype": "fp32"}]}, INVALID, "datatype 'fp32'"),
        ({"model_name": "digits", "inputs": [_TENSOR | {"shape": [-1, 64]}]}, INVALID, "has shape [-1, 64]"),
        ({"model_name": "digits", "inputs": [_TENSOR | {"shape": [2**62, 2**62]}]}, INVALID, "has shape ["),
        (typed(_ROW + np.float32("nan")), INVALID, "must be finite"),
        (raw(_ROW + np.float32("inf")), INVALID, "must be finite"),
        (raw(np.zeros((1, 63), np.float32)), INVALID, "the model takes [rows, 64] or"),
        (raw(np.zeros((201, 64), np.float32)), INVALID, "201"),
    ],
)
def test_what_is_wrong_is_said(rpc: Client, given: Ask, code: grpc.StatusCode, said: str) -> None:
    refused = rpc.refused("ModelInfer", **given)
    assert refused.code() == code, refused.details()
    assert said in refused.details()


def test_a_message_that_is_none_is_refused(rpc: Client) -> None:
    call = rpc.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError) as refusal:
        call(b"\xff\xff\xff")
    assert refusal.value.code() == INVALID
    assert refusal.value.details() == "the message is no inference.ModelInferRequest"


@pytest.mark.parametrize("compression", list(grpc.Compression))
def test_a_message_that_is_too_large_as_it_comes_or_expanded_is_refused(
    rpc: Client, compression: grpc.Compression
) -> None:
    rows = np.zeros((10_000, 64), np.float32)  # 2.5 MB, of which 1 MB is taken
    refused = rpc.refused("ModelInfer", options={"compression": compression}, **raw(rows))
    assert refused.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in refused.details()


def test_a_method_that_is_not_here_is_unimplemented(rpc: Client) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        rpc.channel.unary_unary("/inference.GRPCInferenceService/ModelStreamInfer")(b"")
    assert refusal.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_calls_are_counted_as_requests_are(answering: RunningService, rpc: Client, rows: FloatArray) -> None:
    labels = '{model="digits",outcome="%s",variant="int8"}'
    good, bad = (f"requests_total{labels % outcome}" for outcome in ("200", "400"))
    unknown = 'requests_total{model="",outcome="404",variant=""}'
    counted = 'rows_total{model="digits",variant="int8"}'

    def scraped() -> list[float]:
        return [scrape(answering.client, series) for series in (good, bad, unknown, counted)]

    before = scraped()
    rpc.ask("ModelInfer", **raw(rows, name="digits~int8"))
    rpc.refused("ModelInfer", **raw(_ROW + np.float32("nan"), name="digits~int8"))
    rpc.refused("ModelInfer", **raw(_ROW, name="nothing"))
    rpc.ask("ServerLive")
    assert [now - then for now, then in zip(scraped(), before, strict=True)] == [1, 1, 1, len(rows)]
