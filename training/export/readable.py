"""Puts a graph of somebody else's into the form that ai-edge-quantizer reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray

_LEFT_OUT = -1  # in place of an input that an operation can do without


def readable(graph: bytes) -> bytes:
    """Return a graph of the same answers, with operations and weights where the quantiser looks for them.

    Files of before 2020 have the numbers of their operations in a field of a byte, beside which the one that
    it reads is 0: all of them additions. Files in float16, and those whose weights alone are int8, have an
    operation that makes floats of a weight before it is used: where it is used, there is none.
    """
    from ai_edge_litert.schema_py_generated import BuiltinOperator
    from ai_edge_litert.tools import flatbuffer_utils

    model: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(graph))
    for code in model.operatorCodes:
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
    for number, part in enumerate(model.subgraphs):
        kept = []
        for operation in part.operators or ():
            code = model.operatorCodes[operation.opcodeIndex].builtinCode
            if code != BuiltinOperator.DEQUANTIZE or not _unpack(model, part, operation):
                kept.append(operation)
        part.operators = kept
        _drop_unused(model, number)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _unpack(model: Any, part: Any, operation: Any) -> bool:
    """Do what an operation does, if what it makes floats of is a weight; tell whether that is so."""
    source, sink = part.tensors[operation.inputs[0]], part.tensors[operation.outputs[0]]
    data, kind = model.buffers[source.buffer].data, _packed().get(source.type)
    if data is None or len(data) == 0 or kind is None:
        return False
    numbers = np.asarray(data, np.uint8).view(kind).reshape(source.shape)
    sink.buffer = _add_buffer(model, _values(numbers, source.quantization))
    return True


def _drop_unused(model: Any, number: int) -> None:
    """Take out of a part of the model the tensors that no operation uses any more, and what they held."""
    part = model.subgraphs[number]
    ports = [part.inputs, part.outputs, *(_ports(operation) for operation in part.operators)]
    kept = sorted({int(index) for indices in ports for index in indices} - {_LEFT_OUT})
    places = {old: new for new, old in enumerate(kept)} | {_LEFT_OUT: _LEFT_OUT}
    part.tensors = [part.tensors[index] for index in kept]
    for holder in (part, *part.operators):
        for name in ("inputs", "outputs", "intermediates"):
            if (indices := getattr(holder, name, None)) is not None:
                setattr(holder, name, [places[int(index)] for index in indices])
    for signature in model.signatureDefs or ():
        if signature.subgraphIndex == number:
            for entry in (*signature.inputs, *signature.outputs):
                entry.tensorIndex = places[entry.tensorIndex]
    referred = {tensor.buffer for every in model.subgraphs for tensor in every.tensors}
    referred |= {metadata.buffer for metadata in model.metadata or ()}
    for index, buffer in enumerate(model.buffers):
        if index not in referred:
            buffer.data = None


def _ports(operation: Any) -> list[int]:
    return [
        *operation.inputs,
        *operation.outputs,
        *(() if operation.intermediates is None else operation.intermediates),
    ]


def _packed() -> dict[int, npt.DTypeLike]:
    from ai_edge_litert.schema_py_generated import TensorType

    return {TensorType.FLOAT16: "<f2", TensorType.INT8: "i1"}


def _values(numbers: npt.NDArray[Any], quantization: Any) -> FloatArray:
    """Return what numbers of a tensor stand for: themselves, or whole multiples of its scales."""
    if numbers.dtype.kind == "f":
        return numbers.astype(np.float32)
    scales, zeros = (np.asarray(ends, np.float32) for ends in (quantization.scale, quantization.zeroPoint))
    if len(scales) > 1:  # one for each slice along an axis
        along = [1] * numbers.ndim
        along[quantization.quantizedDimension] = -1
        scales, zeros = scales.reshape(along), zeros.reshape(along)
    values: FloatArray = ((numbers.astype(np.float32) - zeros) * scales).astype(np.float32)
    return values


def _add_buffer(model: Any, values: FloatArray) -> int:
    from ai_edge_litert.schema_py_generated import BufferT

    buffer = BufferT()
    buffer.data = np.frombuffer(values.tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1
