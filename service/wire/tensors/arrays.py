"""Tensors as JSON: a list of values, flat or evenly nested."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from math import prod
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import simdjson

from service.errors import InvalidRequestError, MalformedBodyError, shown
from service.wire.message import Body
from service.wire.parser import parser
from service.wire.pieces import LONG_BYTES, numbers_in_pieces
from service.wire.tensors.tensor import RANK_MAX, Tensor, Values, described, measured

_NO_STRUCTURE = bytes({*range(256)} - {*b"[],"})
_START_BYTES = 256  # of a list, in which all brackets stand that open it
_BUFFERS = {"f": "d", "i": "i", "u": "u"}
"""What simdjson calls the numbers that it writes for NumPy's kinds of them; each takes 8 bytes."""
_DTYPES = {"d": np.float64, "i": np.int64, "u": np.uint64}
_ITEMS: dict[str, Any] = {"f": float, "i": int, "u": int, "b": bool, "": str}


def read(name: str, datatype: str, shape: tuple[int, ...], text: Body) -> Tensor:
    """Return the tensor whose values a JSON text lists.

    Of null there is None: whether a value may be missing is for the model to say.
    Raises InvalidRequestError where the text is not a list of as many values as the shape has, of that
    datatype, flat or evenly nested, and MalformedBodyError where it is not JSON.
    """
    dtype, size = measured(name, datatype, shape)
    kind = "" if dtype is None else dtype.kind
    if datatype == "FP16":
        raise InvalidRequestError(f"input {shown(name)} has datatype FP16, which JSON cannot say; send FP32")
    values: Values | None = numbers(text, size, _BUFFERS[kind]) if kind in _BUFFERS else None
    if values is None:
        values = _carefully(name, kind, text)
        if len(values) != size:
            raise InvalidRequestError(
                f"input {shown(name)} has {len(values)} values; its shape {described(shape)} says otherwise"
            )
    if dtype is not None and kind in "iu":
        _check_range(name, datatype, np.iinfo(dtype), values)
    return Tensor(name, datatype, shape, values)


def numbers(text: Body, size: int, of_type: str = "d") -> npt.NDArray[Any] | None:
    """Return numbers, straight into a buffer, of a text that is just as it should be; None of any other.

    Flattening hides how the numbers were nested: that must be looked into where there is more than a bracket.
    """
    is_flat = text.rfind(b"[", 1) < 0
    if is_flat and len(text) >= LONG_BYTES and of_type == "d":
        return numbers_in_pieces(text, size)
    try:
        listed: Any = parser.parse(text)
        values = np.frombuffer(listed.as_buffer(of_type=of_type), _DTYPES[of_type])
        return values if len(values) == size and (is_flat or _is_even(listed, text, size)) else None
    except (ValueError, TypeError, AttributeError, RuntimeError):
        return None


def _is_even(listed: Any, text: Body, size: int) -> bool:
    """Tell whether all brackets and commas stand as in nested lists of which those at a depth are as long."""
    sizes: list[int] = []
    while isinstance(listed, simdjson.Array) and len(listed) and len(sizes) < RANK_MAX:
        sizes.append(len(listed))
        listed = listed[0]
    return prod(sizes) == size and text.translate(None, _NO_STRUCTURE) == _structure(sizes)


def _structure(sizes: Sequence[int]) -> bytes:
    inner = b""
    for size in reversed(sizes):
        inner = b"[" + b",".join([inner] * size) + b"]"
    return inner


def _carefully(name: str, kind: str, text: Body) -> list[Any]:
    """Return the values, or raise the error that says what is wrong and where."""
    start = bytes(text[:_START_BYTES]).translate(None, b" \t\r\n")
    depth = max(1, min(len(start) - len(start.lstrip(b"[")), RANK_MAX))
    try:
        level: list[Any] = [_decoder(kind, depth).decode(text)]
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"data of input {shown(name)}: {error}".replace("`", "'")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error
    for _ in range(depth):
        lengths = {len(values) for values in level}
        if len(lengths) > 1:
            raise InvalidRequestError(
                f"data of input {shown(name)} is uneven: lists of {min(lengths)} and of {max(lengths)} values"
            )
        level = list(chain.from_iterable(level))
    return level


@cache
def _decoder(kind: str, depth: int) -> msgspec.json.Decoder[list[Any]]:
    """Return what decodes values that lie so many lists deep."""
    values: Any = _ITEMS[kind] | None
    for _ in range(depth):
        values = list[values]
    return msgspec.json.Decoder(values)


def _check_range(name: str, datatype: str, info: np.iinfo[Any], values: Values) -> None:
    if isinstance(values, np.ndarray):
        is_within = info.min <= values.min() and values.max() <= info.max
    else:
        is_within = all(value is None or info.min <= value <= info.max for value in values)
    if not is_within:
        raise InvalidRequestError(f"data of input {shown(name)} has a number that is no {datatype}")
