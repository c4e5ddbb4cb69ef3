"""The tensors of the Open Inference Protocol: rows as a model's inputs, and outputs from bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.errors import RowsError, UnexpectedAnswerError
from loadtests.workload.payloads import Instances, as_json

_TEXTS = "BYTES"
_NUMBERS = {
    "BOOL": "?",
    **{
        f"{kind}INT{bits}": f"<{code}{bits // 8}"
        for kind, code in (("", "i"), ("U", "u"))
        for bits in (8, 16, 32, 64)
    },
    **{f"FP{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
}


@dataclass(frozen=True)
class Input:
    """An input of a model, as its server declares it."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    """With that of the rows first; -1 is of any size. Empty where the server does not say."""

    def __str__(self) -> str:
        return f"{self.name} {self.datatype} {list(self.shape)}"


@dataclass(frozen=True, eq=False)
class Tensor:
    """The rows of a request, or a column of them, as an input takes them."""

    name: str
    datatype: str
    data: npt.NDArray[Any]  # (rows, ...) of the datatype; of texts, objects

    @property
    def shape(self) -> list[int]:
        return list(self.data.shape)

    def as_list(self) -> list[Any]:
        """The values one after the other, as JSON has them."""
        flat = self.data.ravel()
        if flat.dtype.kind != "f":
            return list(flat.tolist())
        return as_json(flat.astype(np.float32) if flat.dtype.itemsize < 4 else flat)

    def as_bytes(self) -> bytes:
        """The values one after the other, little-endian; texts each with its length before it."""
        if self.datatype != _TEXTS:
            return self.data.tobytes()
        encoded = [str(text).encode() for text in self.data.ravel().tolist()]
        return b"".join(struct.pack("<I", len(one)) + one for one in encoded)


def tensors_of(inputs: Sequence[Input], x: Instances) -> list[Tensor]:
    """Return the tensors for rows, shape (rows, ...): one, or where rows are objects one for each field.

    A server that declares no inputs is sent `x`. Raises RowsError where the model takes something else.
    """
    is_table = x.dtype.kind == "O" and isinstance(x[0], dict)
    if is_table and inputs:
        return [_tensor(one, _field(one.name, x)) for one in inputs]
    if is_table or len(inputs) > 1:
        told = ", ".join(map(str, inputs)) or "that it does not declare"
        raise RowsError(f"the model takes the inputs {told}; the rows to send are of another kind")
    kind = _TEXTS if x.dtype.kind == "O" else "FP32"
    return [_tensor(inputs[0] if inputs else Input("x", kind, ()), x)]


def values_of(name: str, datatype: Any, raw: bytes) -> npt.NDArray[Any]:
    """Return the values of an output from its bytes, (n,). Raises UnexpectedAnswerError."""
    try:
        if datatype == _TEXTS:
            return np.array(_texts(raw), object)
        return np.frombuffer(raw, _NUMBERS[datatype])
    except (KeyError, TypeError, ValueError, struct.error):
        raise UnexpectedAnswerError(f"output {name!r} does not hold the {datatype} that it says") from None


def _texts(raw: bytes) -> list[str]:
    found, at = [], 0
    while at < len(raw):
        (length,) = struct.unpack_from("<I", raw, at)
        at += 4
        if at + length > len(raw):
            raise ValueError(length)
        found.append(raw[at : at + length].decode())
        at += length
    return found


def _field(name: str, x: Instances) -> npt.NDArray[Any]:
    """Return one field of rows that are objects, shape (rows,); an absent number is not a number."""
    values = [row.get(name) for row in x.tolist()]
    if all(isinstance(one, int | float) or one is None for one in values):
        return np.array([np.nan if one is None else one for one in values], np.float64)
    texts = np.empty(len(values), object)
    texts[:] = ["" if one is None else str(one) for one in values]
    return texts


def _tensor(declared: Input, x: npt.NDArray[Any]) -> Tensor:
    is_text = x.dtype.kind == "O"
    if declared.datatype not in {_TEXTS, *_NUMBERS} or is_text != (declared.datatype == _TEXTS):
        raise RowsError(
            f"the model takes {declared}; the rows to send are {'texts' if is_text else 'numbers'}"
        )
    shaped = x.reshape(_shape(declared, x.shape))
    if is_text:
        return Tensor(declared.name, declared.datatype, shaped)
    kind = np.dtype(_NUMBERS[declared.datatype])
    if kind.kind != "f" and not np.array_equal(shaped, np.trunc(shaped)):
        raise RowsError(f"the model takes {declared}; the rows to send are not whole numbers")
    if kind.itemsize > x.itemsize:  # the digits that a file has, and not what float32 makes of them
        shaped = np.array(as_json(shaped.ravel()), np.float64).reshape(shaped.shape)
    return Tensor(declared.name, declared.datatype, shaped.astype(kind))


def _shape(declared: Input, shape: tuple[int, ...]) -> list[int]:
    """Return the shape in which a model takes rows that are of `shape`, (rows, ...)."""
    rows, size = shape[0], prod(shape[1:])
    if not declared.shape:
        return [*shape] if len(shape) > 1 else [rows, 1]
    batch, *each = declared.shape
    if batch > 0 and batch != rows:
        raise RowsError(f"the model takes {declared}, and so {batch} rows a request, not {rows}")
    known = prod(one for one in each if one > 0)
    free = sum(one < 0 for one in each)
    if free > 1 and len(each) == len(shape) - 1:
        fits = all(one in {-1, ours} for one, ours in zip(each, shape[1:], strict=True))
    else:
        fits = free <= 1 and (size % known == 0 if free else size == known)
    if not fits:
        raise RowsError(f"the model takes {declared}; the rows to send are of shape {list(shape[1:])}")
    return [*shape] if free > 1 else [rows, *(size // known if one < 0 else one for one in each)]
