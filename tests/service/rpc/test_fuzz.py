"""Messages broken in every way: never an error of ours, and a right answer straight after."""

from __future__ import annotations

import random
from typing import Any

import grpc
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.rpc.messages import InferRequest, InferResponse, methods
from tests.patience import PATIENCE_S
from tests.service.rpc.client import Client

_OURS = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}
_BLOB = np.zeros((2, 64), "<f4").tobytes()
_WHOLE = InferRequest(
    model_name="digits",
    model_version="1",
    id="x",
    parameters={"variant": {"string_param": "int8"}, "timeout": {"uint64_param": 10**8}},
    inputs=[{"name": "x", "datatype": "FP32", "shape": [2, 64]}],
    outputs=[{"name": "probabilities", "parameters": {"classification": {"int64_param": 2}}}],
    raw_input_contents=[_BLOB],
).SerializeToString()

_names = st.sampled_from(
    ["", "digits", "digits~int8", "digits~auto", "digits~", "~", "~int8", "x", "probabilities", "label", "é"]
)
_versions = st.sampled_from(["", "1", "0", "-1", "01", "9" * 30, "one", " 1"])
_datatypes = st.sampled_from(["", "FP32", "FP64", "FP16", "BF16", "INT8", "UINT64", "BOOL", "BYTES", "fp32"])
_sizes = st.sampled_from([-(2**63), -1, 0, 1, 2, 3, 64, 2**31, 2**63 - 1])
_shapes = st.lists(_sizes, max_size=10) | st.just([1, 64]) | st.just([2, 64])
_parameters = st.dictionaries(
    st.sampled_from(
        [
            *("variant", "timeout", "classification", "binary_data", "triton_x", "shared_memory_region"),
            *("min_accuracy", "objective", "fallback"),
        ]
    ),
    st.sampled_from(
        [
            {},
            {"bool_param": True},
            {"int64_param": -1},
            {"int64_param": 2**62},
            {"uint64_param": 2**64 - 1},
            {"string_param": "int8"},
            {"string_param": ""},
            {"string_param": "auto"},
            {"string_param": "best_effort"},
            {"double_param": 0.5},
            {"double_param": float("nan")},
        ]
    ),
    max_size=3,
)
_contents = st.fixed_dictionaries(
    {},
    optional={
        "bool_contents": st.lists(st.booleans(), max_size=64),
        "int_contents": st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3) | st.just([300] * 64),
        "int64_contents": st.just([2**63 - 1] * 64),
        "uint64_contents": st.just([2**64 - 1] * 64),
        "fp32_contents": st.just([float("inf")] * 64) | st.just([1.0] * 64) | st.just([1.0]),
        "fp64_contents": st.just([1e300] * 64) | st.just([1.0] * 64),
        "bytes_contents": st.lists(st.binary(max_size=3), max_size=64),
    },
)
_inputs = st.fixed_dictionaries(
    {"name": _names, "datatype": _datatypes, "shape": _shapes},
    optional={"parameters": _parameters, "contents": _contents},
)
_outputs = st.fixed_dictionaries({"name": _names}, optional={"parameters": _parameters})
_requests = st.fixed_dictionaries(
    {"model_name": _names},
    optional={
        "model_version": _versions,
        "id": st.text(max_size=3).filter(lambda text: text.isprintable()),
        "parameters": _parameters,
        "inputs": st.lists(_inputs, max_size=3),
        "outputs": st.lists(_outputs, max_size=3),
        "raw_input_contents": st.lists(st.binary(max_size=9) | st.just(_BLOB), max_size=3),
    },
)


def outcome(rpc: Client, content: bytes, method: str = "ModelInfer") -> Any:
    """Return the code that a call ends with, and what is said of it."""
    call = rpc.channel.unary_unary(f"/inference.GRPCInferenceService/{method}")
    try:
        call(content, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


@given(request=_requests)
def test_no_request_whatever_it_holds_is_an_error_of_ours(rpc: Client, request: dict[str, Any]) -> None:
    code, said = outcome(rpc, InferRequest(**request).SerializeToString())
    assert code not in _OURS, said
    assert said or code == grpc.StatusCode.OK


@given(seed=st.integers(0, 2**32))
def test_no_bytes_whatever_they_are_are_an_error_of_ours(rpc: Client, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(_WHOLE)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(content))
        match chance.randrange(4):
            case 0:
                content[place] = chance.randrange(256)
            case 1:
                del content[place : place + chance.randrange(1, 40)]
            case 2:
                content[place:place] = chance.randbytes(chance.randrange(1, 40))
            case 3:
                content[place:] = content[: len(content) - place]
    for method in ("ModelInfer", *methods("inference.GRPCInferenceService")):
        if not method.startswith("RepositoryModel"):  # which may load and unload something
            code, said = outcome(rpc, bytes(content), method)
            assert code not in _OURS, (method, said)


def test_a_right_answer_comes_straight_after(rpc: Client) -> None:
    for content in (b"\xff", _WHOLE[:-1], _WHOLE[1:]):
        assert outcome(rpc, content)[0] == grpc.StatusCode.INVALID_ARGUMENT
    call = rpc.channel.unary_unary(
        "/inference.GRPCInferenceService/ModelInfer", response_deserializer=InferResponse.FromString
    )
    assert list(call(_WHOLE).outputs[0].shape) == [2, 2]
