"""Tensors as JSON: a list of values, flat or nested as the shape is."""

from __future__ import annotations

import threading
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
from service.wire.tensors.tensor import Tensor, Values, described, measured

_NO_STRUCTURE = bytes({*range(256)} - {*b"[],"})
_BLANKS = b" \t\r\n"
_BUFFERS = {"f": "d", "i": "i", "u": "u"}
"""What simdjson calls the numbers that it writes for NumPy's kinds of them; each takes 8 bytes."""
_DTYPES = {"d": np.float64, "i": np.int64, "u": np.uint64}
_ITEMS: dict[str, Any] = {"f": float, "i": int, "u": int, "b": bool, "": str}


class _Parser(threading.local):
    """simdjson's parser, one a thread: it reads nothing new while what it has read is still looked at."""

    def __init__(self) -> None:
        self.parse = simdjson.Parser().parse


_parser = _Parser()


def read(name: str, datatype: str, shape: tuple[int, ...], text: Body) -> Tensor:
    """Return the tensor whose values a JSON text lists.

    Of null there is None: whether a value may be missing is for the model to say.
    Raises InvalidRequestError where the text is not a list of as many values as the shape has, of that
    datatype, flat or nested as the shape is, and MalformedBodyError where it is not JSON.
    """
    dtype, size = measured(name, datatype, shape)
    kind = "" if dtype is None else dtype.kind
    if datatype == "FP16":
        raise InvalidRequestError(f"input {shown(name)} has datatype FP16, which JSON cannot say; send FP32")
    values: Values | None = numbers(text, shape, size, _BUFFERS[kind]) if kind in _BUFFERS else None
    if values is None:
        values = _carefully(name, kind, shape, text)
    if dtype is not None and kind in "iu":
        _check_range(name, datatype, np.iinfo(dtype), values)
    return Tensor(name, datatype, shape, values)


def numbers(text: Body, shape: tuple[int, ...], size: int, of_type: str = "d") -> npt.NDArray[Any] | None:
    """Return numbers, straight into a buffer, of a text that is just as it should be; None of any other.

    Flattening hides how the numbers were nested: there must be no bracket but the first, or else all brackets
    and commas must stand as the shape has them.
    """
    try:
        listed: Any = _parser.parse(text)
        values = np.frombuffer(listed.as_buffer(of_type=of_type), _DTYPES[of_type])
    except (ValueError, TypeError, AttributeError, RuntimeError):
        return None
    if len(values) != size:
        return None
    is_flat = text.find(b"[") == text.rfind(b"[")
    return values if is_flat or text.translate(None, _NO_STRUCTURE) == _structure(shape) else None


def _structure(shape: tuple[int, ...]) -> bytes:
    """Return the brackets and commas of values that are nested as `shape` is."""
    inner = b""
    for size in reversed(shape):
        inner = b"[" + b",".join([inner] * size) + b"]"
    return inner


def _carefully(name: str, kind: str, shape: tuple[int, ...], text: Body) -> list[Any]:
    """Return the values, or raise the error that says what is wrong and where."""
    is_nested = text.lstrip(_BLANKS)[1:64].lstrip(_BLANKS).startswith(b"[")
    sizes = shape if is_nested else (prod(shape),)
    try:
        level: list[Any] = [_decoder(kind, len(sizes)).decode(text)]
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"data of input {shown(name)}: {error}".replace("`", "'")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error
    for size in sizes:
        for values in level:
            if len(values) != size:
                raise InvalidRequestError(
                    f"data of input {shown(name)} has a list of {len(values)} values where its shape "
                    f"{described(shape)} needs {size}"
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
