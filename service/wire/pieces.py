"""Reads a long body of rows piece by piece, so that a thread that does it holds up nobody for long.

A parser keeps the interpreter until it is done: 40 ms for ten megabytes, wherever it runs. Of pieces that fit
into a processor's cache it is as fast, and between two of them others have their turn: NumPy lets go of the
interpreter while it copies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from bundle.normalizer import FloatArray
from service.wire.message import Body
from service.wire.parser import parser

LONG_BYTES = 262_144
"""From here on a body is read in pieces."""

_PIECE_BYTES = 131_072
_HEAD = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"instances"[ \t\r\n]*:[ \t\r\n]*\[')
_TAIL = re.compile(rb"\][ \t\r\n]*\}[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,")
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def decode_in_pieces(body: Body, features: int, piece_bytes: int = _PIECE_BYTES) -> FloatArray | None:
    """Return the rows of `{"instances": [[...], ...]}`, shape (rows, features), all finite in float32.

    None of a body that is in any way not just so: then it is to be read as a whole, which tells why.
    """
    head, end = _HEAD.match(body), body.rfind(b"]")
    if head is None or _TAIL.fullmatch(body, end) is None:
        return None
    count = opening_brackets(body) - 1  # as many as there are rows, or else something is nested
    if not 0 < count * features <= len(body):  # a number takes a byte at least
        return None
    rows, filled = np.empty((count, features), np.float32), 0
    try:
        for values in _pieces(body, head.end(), end, features, piece_bytes):
            if len(values) > count - filled or not is_within_float32(values):
                return None
            rows[filled : filled + len(values)] = values
            filled += len(values)
    except (ValueError, TypeError, RuntimeError):
        return None
    return rows if filled == count else None


def _pieces(body: Body, begin: int, end: int, features: int, piece_bytes: int) -> Iterator[Any]:
    """Yield the numbers of so many rows as are in a piece, shape (rows, features). Raises ValueError."""
    view = memoryview(body)
    while True:
        stop = body.find(b"]", min(begin + piece_bytes, end - 1), end) + 1 or end
        piece: Any = parser.parse(b"".join((b"[", view[begin:stop], b"]")))
        if any(len(row) != features for row in piece):
            raise ValueError("a row has another length")
        yield np.frombuffer(piece.as_buffer(of_type="d")).reshape(len(piece), features)
        del piece  # or the parser could not be used again
        if stop == end:
            return
        comma = _COMMA.match(body, stop, end)
        if comma is None:
            if body[stop:end].strip(b" \t\r\n"):
                raise ValueError("rows are not separated")
            return
        begin = comma.end()


def numbers_in_pieces(text: Body, size: int, piece_bytes: int = _PIECE_BYTES) -> FloatArray | None:
    """Return `size` numbers of a flat list, `[1, 2, ...]`, all finite in float32; None of any other text."""
    if not 0 < size <= len(text) or text.find(b"[") != 0 or text.rfind(b"[") != 0 or text[-1:] != b"]":
        return None
    view, end = memoryview(text), len(text) - 1
    numbers, filled, begin = np.empty(size, np.float32), 0, 1
    while begin <= end:
        comma = text.find(b",", begin + piece_bytes, end)
        stop = end if comma < 0 else comma
        try:
            piece: Any = parser.parse(b"".join((b"[", view[begin:stop], b"]")))
            values = np.frombuffer(piece.as_buffer(of_type="d"))
            del piece  # or the parser could not be used again
        except (ValueError, TypeError, RuntimeError):
            return None
        if not 0 < len(values) <= size - filled or not is_within_float32(values):
            return None
        numbers[filled : filled + len(values)] = values
        filled, begin = filled + len(values), stop + 1
    return numbers if filled == size else None


def opening_brackets(body: Body) -> int:
    """Count the opening brackets of a long body with NumPy, which looks at many bytes at once."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord("[")))


def is_within_float32(values: Any) -> bool:
    """Whether none of some numbers is too large, NaN or infinite."""
    return bool(values.max() <= _FLOAT32_MAX and values.min() >= -_FLOAT32_MAX)
