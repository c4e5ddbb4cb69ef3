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
import numpy.typing as npt

from bundle.normalizer import FloatArray
from service.wire.message import Body, is_within_float32
from service.wire.parser import parser

LONG_BYTES = 262_144
"""From here on a body is read in pieces."""

_PIECE_BYTES = 131_072
_HEAD = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"instances"[ \t\r\n]*:[ \t\r\n]*\[')
_TAIL = re.compile(rb"\][ \t\r\n]*\}[ \t\r\n]*")
_COMMA = re.compile(rb"[ \t\r\n]*,")


def decode_in_pieces(body: Body, features: int, piece_bytes: int = _PIECE_BYTES) -> FloatArray | None:
    """Return the rows of `{"instances": [[...], ...]}`, shape (rows, features), all finite in float32.

    None of a body that is in any way not just so: then it is to be read as a whole, which tells why.
    """
    head, end = _HEAD.match(body), body.rfind(b"]")
    if head is None or _TAIL.fullmatch(body, end) is None:
        return None
    return _rows(body, head.end(), end, features, piece_bytes)


def rows_in_pieces(text: Body, features: int, piece_bytes: int = _PIECE_BYTES) -> FloatArray | None:
    """Return the rows of `[[...], ...]`, as `decode_in_pieces` does; None of any other text."""
    if text[:1] != b"[" or text[-1:] != b"]":
        return None
    return _rows(text, 1, len(text) - 1, features, piece_bytes)


def numbers_in_pieces(text: Body, size: int, piece_bytes: int = _PIECE_BYTES) -> FloatArray | None:
    """Return `size` numbers of a flat list, `[1, 2, ...]`, all finite in float32; None of any other text."""
    if text.find(b"[") != 0 or text.rfind(b"[") != 0 or text[-1:] != b"]":
        return None
    return _filled(_numbers(text, piece_bytes), size, text)


def _rows(text: Body, begin: int, end: int, features: int, piece_bytes: int) -> FloatArray | None:
    """Return the rows between two places of a text in which no other list is, but the one around them."""
    count = opening_brackets(text) - 1  # as many as there are rows, or else something is nested
    numbers = _filled(_numbers_of_rows(text, begin, end, features, piece_bytes), count * features, text)
    return None if numbers is None else numbers.reshape(count, features)


def _filled(pieces: Iterator[Any], size: int, text: Body) -> FloatArray | None:
    """Return the numbers of all pieces of a text, None where they are not `size`, or one is not finite."""
    if not 0 < size <= len(text):  # a number takes a byte at least
        return None
    numbers, filled = np.empty(size, np.float32), 0
    try:
        for values in pieces:
            if not 0 < len(values) <= size - filled or not is_within_float32(values):
                return None
            numbers[filled : filled + len(values)] = values
            filled += len(values)
    except (ValueError, TypeError, RuntimeError):
        return None
    return numbers if filled == size else None


def _numbers_of_rows(
    text: Body, begin: int, end: int, features: int, piece_bytes: int
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the numbers of so many rows as are in a piece. Raises ValueError where one has another length."""
    view = memoryview(text)
    while True:
        stop = text.find(b"]", min(begin + piece_bytes, end - 1), end) + 1 or end
        piece: Any = parser.parse(b"".join((b"[", view[begin:stop], b"]")))
        if any(len(row) != features for row in piece):
            raise ValueError("a row has another length")
        yield np.frombuffer(piece.as_buffer(of_type="d"))
        del piece  # or the parser could not be used again
        if stop == end:
            return
        comma = _COMMA.match(text, stop, end)
        if comma is None:
            if text[stop:end].strip(b" \t\r\n"):
                raise ValueError("rows are not separated")
            return
        begin = comma.end()


def _numbers(text: Body, piece_bytes: int) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the numbers of a flat list, as many as are in a piece. Raises ValueError."""
    view, begin, end = memoryview(text), 1, len(text) - 1
    while begin <= end:
        comma = text.find(b",", begin + piece_bytes, end)
        stop = end if comma < 0 else comma
        piece: Any = parser.parse(b"".join((b"[", view[begin:stop], b"]")))
        yield np.frombuffer(piece.as_buffer(of_type="d"))
        del piece  # or the parser could not be used again
        begin = stop + 1


def opening_brackets(body: Body) -> int:
    """Count the opening brackets of a long body with NumPy, which looks at many bytes at once."""
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord("[")))
