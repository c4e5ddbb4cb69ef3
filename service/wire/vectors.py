"""Turns bodies of numbers into rows; whatever comes out of here is safe to run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray
from service.errors import InvalidRequestError, MalformedBodyError, RequestError, TooLargeError
from service.wire.message import FLOAT32_MAX, Body, Rows, is_within_float32
from service.wire.parser import parser
from service.wire.pieces import LONG_BYTES, decode_in_pieces, opening_brackets

_SQUARE_MAX = FLOAT32_MAX**2
_FEW = 8192  # numbers
_NOT_FINITE = "instances[{row}][{column}] is {value}"
_SHAPE = (
    'the body must be {{"instances": [[...], ...]}}: a list of rows, '
    "each a list of {features} numbers{nested}"
)

Float64Array = npt.NDArray[np.float64]


_NO_STRUCTURE = bytes({*range(256)} - {*b"[],"})
_OF_A_NUMBER = 2  # brackets in `$.instances[0][0]`, where msgspec says that flat rows are not nested


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    instances: list[list[float]]


_decoder = msgspec.json.Decoder(_Body)


def decode_json(
    body: Body, *, features: int, max_rows: int, step: int = 0, shape: tuple[int, ...] = ()
) -> Rows:
    """Return the rows of `{"instances": [[...], ...]}`, shape (rows, features), as float32 can hold them.

    With `step`, a row may be shorter, by whole steps of so many numbers: zeros fill it up. Rows may also be
    nested as their `shape` is, all of a body.
    Raises MalformedBodyError where the body is not JSON, InvalidRequestError where it is not such rows of
    finite float32 numbers, and TooLargeError where there are more than `max_rows`.
    """
    if (long := long_rows(body, features, max_rows)) is not None:
        return long
    rows = _decode_plain(body, features, shape)
    if rows is None:
        rows = _decode_nested(body, features, max_rows, step, shape) if len(shape) > 1 else None
    if rows is None:
        rows = _decode_carefully(body, features, max_rows, step, shape)
    return checked(rows, max_rows)


def checked(rows: Float64Array, max_rows: int) -> Float64Array:
    """Return the rows. Raises as `decode_json` does for numbers that float32 cannot hold, and for a count."""
    check_count(len(rows), max_rows)
    check_finite(rows, _NOT_FINITE)
    return rows


def long_rows(body: Body, features: int, max_rows: int) -> FloatArray | None:
    """Return the rows of a long body that is just as it should be; None of others. Raises TooLargeError."""
    rows = decode_in_pieces(body, features) if len(body) >= LONG_BYTES else None
    if rows is not None:
        check_count(len(rows), max_rows)
    return rows


def _decode_plain(body: Body, features: int, shape: tuple[int, ...]) -> Float64Array | None:
    """Return the rows of a body that is just as it should be; None of any other."""
    try:
        document: Any = parser.parse(body)
        return plain_rows(body, document["instances"], features, shape) if len(document) == 1 else None
    except (ValueError, TypeError, KeyError, RuntimeError):
        return None


def plain_rows(body: Body, array: Any, features: int, shape: tuple[int, ...]) -> Float64Array | None:
    """Return the rows of an array that simdjson found in a body, straight into a buffer; None where the body
    has any list that is none of them or around them, or numbers are not nested as they should be.

    Flattening hides how the numbers were nested. So the brackets are counted, and each row's length: no other
    nesting has a bracket for each row, one around them, and rows of that length. Of rows that are nested, all
    brackets and commas must stand as `shape` has them.
    """
    try:
        count = len(array)
        if not count:
            return None
        if _brackets(body, count) != count + 1:
            if len(shape) < 2 or body.translate(None, _NO_STRUCTURE) != _structure(shape, count):
                return None
        elif count > 1 and any(len(row) != features for row in array):
            return None
        values = np.frombuffer(array.as_buffer(of_type="d"))
        return values.reshape(count, features)
    except (ValueError, TypeError, AttributeError, RuntimeError):
        return None


def _brackets(body: Body, rows: int) -> int:
    """Count the opening brackets."""
    return body.count(b"[") if rows == 1 else opening_brackets(body)


def _structure(shape: tuple[int, ...], rows: int) -> bytes:
    """Return the brackets and commas of so many rows that are nested as `shape` is."""
    inner = b""
    for size in (*shape[::-1], rows):
        inner = b"[" + b",".join([inner] * size) + b"]"
    return inner


def _decode_nested(
    body: Body, features: int, max_rows: int, step: int, shape: tuple[int, ...]
) -> Float64Array | None:
    """Return rows that are nested as `shape` is; None where the body holds none that are nested so deep.

    Raises InvalidRequestError where one is nested so deep, and has another shape, or holds what is no number.
    """
    try:
        instances = _decoder_of(len(shape)).decode(body).instances
    except msgspec.ValidationError as error:
        if str(error).count("[") <= _OF_A_NUMBER:
            return None
        raise _unfit(error, features, shape) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error, body) from error
    if not all(instances):  # an empty row is flat as well, and has no features
        return None
    check_count(len(instances), max_rows)
    for index, row in enumerate(instances):
        if step:
            row.extend([[0.0] * step] * (shape[0] - len(row)))
        if (misfit := next(_misfits(row, shape, f"instances[{index}]"), None)) is not None:
            raise InvalidRequestError(f"{misfit}: rows are flat, or nested as {shape}")
    return np.array(instances, np.float64).reshape(len(instances), features)


@cache
def _decoder_of(rank: int) -> Any:
    """Return what decodes rows that are lists of lists, `rank` deep."""
    row: Any = float
    for _ in range(rank):
        row = list[row]
    nested = msgspec.defstruct("Nested", [("instances", list[row])], forbid_unknown_fields=True)
    return msgspec.json.Decoder(nested)


def _misfits(values: list[Any], shape: tuple[int, ...], place: str) -> Iterator[str]:
    """Yield where lists in lists are longer or shorter than `shape` has it."""
    if len(values) != shape[0]:
        yield f"{place} has {len(values)} values, not {shape[0]}"
    elif len(shape) > 1:
        for index, inner in enumerate(values):
            yield from _misfits(inner, shape[1:], f"{place}[{index}]")


def _decode_carefully(
    body: Body, features: int, max_rows: int, step: int, shape: tuple[int, ...]
) -> Float64Array:
    """Return the rows, or raise the error that says what is wrong and where."""
    try:
        instances = _decoder.decode(body).instances
    except msgspec.ValidationError as error:
        raise _unfit(error, features, shape) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error, body) from error
    check_count(len(instances), max_rows)
    for index, row in enumerate(instances):
        if step and row and len(row) % step == 0:
            row.extend([0.0] * (features - len(row)))
        if len(row) != features:
            raise InvalidRequestError(
                f"instances[{index}] has {len(row)} features; the model takes {features}"
                + (f", or whole steps of {step}" if step else "")
            )
    return np.array(instances, np.float64)


def _unfit(error: msgspec.ValidationError, features: int, shape: tuple[int, ...]) -> InvalidRequestError:
    nested = f", flat or nested as {shape}" if len(shape) > 1 else ""
    wanted = _SHAPE.format(features=features, nested=nested)
    return InvalidRequestError(f"{error}; {wanted}".replace("`", "'"))


def _malformed(error: Exception, body: Body) -> RequestError:
    constant = _find_constant(body)
    if constant is not None:
        return InvalidRequestError(f"the body holds {constant}; numbers must be finite")
    return MalformedBodyError(f"the body is not JSON: {error}")


def _find_constant(body: Body) -> str | None:
    """Return the NaN or Infinity that alone keeps a body from being JSON; some clients write them."""
    found: list[str] = []
    try:
        json.loads(body, parse_constant=found.append)
    except (ValueError, RecursionError):
        return None
    return found[0] if found else None


def decode_octets(body: Body, *, features: int, max_rows: int) -> FloatArray:
    """Return the rows of a body of little-endian float32 numbers, row-major, shape (rows, features).

    Raises InvalidRequestError where the body is not whole rows of finite numbers, and TooLargeError where
    there are more than `max_rows`.
    """
    width = 4 * features
    count, rest = divmod(len(body), width)
    if rest:
        raise InvalidRequestError(
            f"the body is {len(body)} bytes long; a row is {width}: {features} little-endian float32 numbers"
        )
    check_count(count, max_rows)
    rows = np.frombuffer(body, "<f4").reshape(count, features).astype(np.float32, copy=False)
    check_finite(rows, _NOT_FINITE)
    return rows


def check_count(rows: int, max_rows: int) -> None:
    """Raise InvalidRequestError where there are no rows, and TooLargeError where there are too many."""
    if rows == 0:
        raise InvalidRequestError("there are no instances; at least one row is needed")
    if rows > max_rows:
        raise TooLargeError(f"there are {rows} rows; at most {max_rows} are allowed in a request")


def check_finite(rows: Rows, said: str) -> None:
    """Raise InvalidRequestError where a number is not finite, or too large for float32.

    `said` is what is said of the first: a format of its `row`, `column` and `value`.
    """
    if rows.dtype == np.float64:
        # One product tells that no number can be too large, NaN or infinite; only then is each one looked at.
        # Of many numbers it would be taken by several threads, on cores that are not ours.
        if np.vdot(rows, rows) <= _SQUARE_MAX if rows.size <= _FEW else is_within_float32(rows):
            return
        good = np.abs(rows) <= FLOAT32_MAX
    else:
        good = np.isfinite(rows)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        place = said.format(row=row, column=column, value=rows[row, column])
        raise InvalidRequestError(f"{place}; numbers must be finite and fit in float32")
