"""Tensors as bytes: little-endian, row-major, nothing between; of BYTES each value after its length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct

import numpy as np

from service.errors import InvalidRequestError, shown
from service.wire.tensors.tensor import BOOL, NUMBERS, Tensor, Values, measured

_LENGTH = Struct("<I")

Blob = bytes | bytearray | memoryview


def unpack(name: str, datatype: str, shape: tuple[int, ...], blob: Blob) -> Tensor:
    """Return the tensor that a blob holds; numbers are not copied.

    Raises InvalidRequestError where the blob is not of as many values as the shape has.
    """
    dtype, size = measured(name, datatype, shape)
    if dtype is None:
        values: Values = _unpack_bytes(name, size, blob)
    elif len(blob) != size * dtype.itemsize:
        raise InvalidRequestError(
            f"input {shown(name)} has {len(blob)} bytes; its shape and datatype {datatype} make "
            f"{_number(size * dtype.itemsize)}"
        )
    else:
        # A boolean is a byte, which may be any: NumPy would take it at its word.
        values = np.frombuffer(blob, dtype) if datatype != BOOL else np.frombuffer(blob, np.uint8) != 0
    return Tensor(name, datatype, shape, values)


def _unpack_bytes(name: str, size: int, blob: Blob) -> list[bytes]:
    values: list[bytes] = []
    start = 0
    while start < len(blob) and len(values) < size:
        if start + _LENGTH.size > len(blob):
            break
        end = start + _LENGTH.size + _LENGTH.unpack_from(blob, start)[0]
        if end > len(blob):
            break
        values.append(bytes(blob[start + _LENGTH.size : end]))
        start = end
    if start != len(blob) or len(values) != size:
        raise InvalidRequestError(
            f"input {shown(name)} is not {_number(size)} values of BYTES, each after its length of four bytes"
        )
    return values


def pack_texts(texts: Iterable[str]) -> bytes:
    """Return texts as a blob of BYTES."""
    return b"".join(_LENGTH.pack(len(content)) + content for content in (text.encode() for text in texts))


def pack_numbers(datatype: str, numbers: Sequence[int]) -> bytes:
    """Return numbers as a blob."""
    return np.array(numbers, NUMBERS[datatype]).tobytes()


def _number(size: int) -> str:
    return str(size) if size < 10**18 else "more than there can be"
