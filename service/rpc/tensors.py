"""Tensors as messages: raw bytes, or values in the field of their datatype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.errors import InvalidRequestError, shown
from service.wire.tensors.blobs import unpack
from service.wire.tensors.tensor import BYTES, Tensor, TensorSpec, measured

_FIELDS = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""The field of InferTensorContents that holds values of a datatype; FP16 has none."""

_DTYPES: dict[str, Any] = {
    "bool_contents": np.bool_,
    "uint_contents": np.uint32,
    "uint64_contents": np.uint64,
    "int_contents": np.int32,
    "int64_contents": np.int64,
    "fp32_contents": np.float32,
    "fp64_contents": np.float64,
}


def read(inputs: Sequence[Any], blobs: Sequence[bytes]) -> list[Tensor]:
    """Return the tensors of a request: of `inputs` whose values are in `blobs`, or else within them.

    Raises InvalidRequestError where they are in both, or are not what datatype and shape say.
    """
    if not blobs:
        return [_typed(given) for given in inputs]
    if len(blobs) != len(inputs):
        raise InvalidRequestError(f"there are {len(inputs)} inputs and {len(blobs)} raw_input_contents")
    for given in inputs:
        if given.HasField("contents"):
            name = shown(given.name)
            raise InvalidRequestError(f"input {name} has contents, and there are raw_input_contents as well")
    return [
        unpack(given.name, given.datatype, tuple(given.shape), blob)
        for given, blob in zip(inputs, blobs, strict=True)
    ]


def _typed(given: Any) -> Tensor:
    name, datatype, shape = given.name, given.datatype, tuple(given.shape)
    dtype, _ = measured(name, datatype, shape)
    field = _FIELDS.get(datatype)
    if field is None:
        raise InvalidRequestError(f"input {shown(name)} has datatype {datatype}, which is sent as raw bytes")
    used = [descriptor.name for descriptor, _ in given.contents.ListFields()]
    if used not in ([], [field]):
        raise InvalidRequestError(
            f"input {shown(name)} has {' and '.join(used)}; its datatype {datatype} makes that {field}"
        )
    contents = getattr(given.contents, field)
    if dtype is None:
        return Tensor(name, datatype, shape, list(contents))
    values = np.array(contents, _DTYPES[field])
    if dtype.itemsize < values.itemsize and not _fits(values, dtype):
        raise InvalidRequestError(f"input {shown(name)} has a number that is no {datatype}")
    return Tensor(name, datatype, shape, values)


def _fits(values: Any, dtype: np.dtype[Any]) -> bool:
    info = np.iinfo(dtype)
    return bool(len(values) == 0 or (info.min <= values.min() and values.max() <= info.max))


def write(answer: Any, spec: TensorSpec, values: Sequence[Any]) -> None:
    """Add an output to an answer, with its values in the field of its datatype."""
    contents = {_FIELDS[spec.datatype]: [v.encode() for v in values] if spec.datatype == BYTES else values}
    answer.outputs.add(name=spec.name, datatype=spec.datatype, shape=spec.shape, contents=contents)


def write_raw(answer: Any, spec: TensorSpec, blob: bytes) -> None:
    """Add an output to an answer, with its values as bytes."""
    answer.outputs.add(name=spec.name, datatype=spec.datatype, shape=spec.shape)
    answer.raw_output_contents.append(blob)
