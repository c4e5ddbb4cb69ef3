"""The encoding of Protocol Buffers, as far as the Open Inference Protocol's few messages need it.

Written out here, since every client of that protocol registers messages of the same names, and a program that
imports two of them fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Fields: TypeAlias = dict[int, list["int | bytes"]]
"""What a message holds, by the field's number, each as often as it comes."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def message(*fields: tuple[int, str | bytes | Sequence[int]]) -> bytes:
    """Return a message of texts, bytes and lists of whole numbers, by field; what is empty is left out."""
    found = bytearray()
    for number, value in fields:
        content = value.encode() if isinstance(value, str) else value
        if not isinstance(content, bytes):
            content = b"".join(map(_varint, content))
        if content:
            found += _varint(number << 3 | _BYTES) + _varint(len(content)) + content
    return bytes(found)


def blob(number: int, content: bytes) -> bytes:
    """Return one field of bytes, which may be empty, as an element of a list may."""
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def read(content: bytes) -> Fields:
    """Return the fields of a message. Raises ValueError where it is none."""
    found: Fields = {}
    at = 0
    while at < len(content):
        tag, at = _read_varint(content, at)
        kind = tag & 7
        value: int | bytes
        if kind == _VARINT:
            value, at = _read_varint(content, at)
        elif kind in {_BYTES, _FIXED32, _FIXED64}:
            size = {_FIXED32: 4, _FIXED64: 8}.get(kind, 0)
            if kind == _BYTES:
                size, at = _read_varint(content, at)
            value, at = content[at : at + size], at + size
            if at > len(content):
                raise ValueError("a field goes on beyond the message")
        else:
            raise ValueError(f"a field of kind {kind}")
        found.setdefault(tag >> 3, []).append(value)
    return found


def text(fields: Fields, number: int) -> str:
    """Return a field that is a text, "" where there is none. Raises ValueError."""
    return b"".join(messages(fields, number)[-1:]).decode()


def messages(fields: Fields, number: int) -> list[bytes]:
    """Return a field that is bytes, or messages. Raises ValueError where it is something else."""
    found = [one for one in fields.get(number, []) if isinstance(one, bytes)]
    if len(found) != len(fields.get(number, [])):
        raise ValueError(f"field {number} is a number")
    return found


def numbers(fields: Fields, number: int) -> list[int]:
    """Return a field that is a list of whole numbers with a sign, packed or not. Raises ValueError."""
    found: list[int] = []
    for one in fields.get(number, []):
        found += [one] if isinstance(one, int) else _unpacked(one)
    return [one - 2**64 if one >= 2**63 else one for one in found]


def _unpacked(content: bytes) -> Iterable[int]:
    at = 0
    while at < len(content):
        number, at = _read_varint(content, at)
        yield number


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(content) or shift > 63:
            raise ValueError("a number goes on beyond the message")
        number |= (content[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if not content[at - 1] & 128:
            return number, at
