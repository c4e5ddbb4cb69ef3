"""The heads of HTTP/2 (RFC 7541), as far as an answer to gRPC needs them.

We tell the server to keep no table of fields that it has sent, so each head can be read by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from loadtests.errors import WireError

# The characters of each length of Huffman's code, in the order of their codes; those that are longer than 15
# bits are in no text that anybody sends.
_SYMBOLS = {
    5: "012aceiost",
    6: " %-./3456789=A_bdfghlmnpru",
    7: ":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz",
    8: "&*,;XZ",
    10: '!"()?',
    11: "'+|",
    12: "#>",
    13: "\0$@[]~",
    14: "^}",
    15: "<`{",
}
_STATUS = dict(zip(range(8, 15), ("200", "204", "206", "304", "400", "404", "500"), strict=True))
_STATUS_NAME = ":status"


def _codes() -> dict[tuple[int, int], str]:
    """Return the character of each code, by its length and its bits: codes of a length follow each other."""
    found: dict[tuple[int, int], str] = {}
    code, before = 0, 5
    for length, symbols in _SYMBOLS.items():
        code <<= length - before
        for symbol in symbols:
            found[length, code] = symbol
            code += 1
        before = length
    return found


_CODES = _codes()
_LONGEST = max(_SYMBOLS)


def encode(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return fields as a head, each written out."""
    block = bytearray()
    for name, value in fields:
        block += b"\0" + _text(name) + _text(value)
    return bytes(block)


def decode(block: bytes) -> dict[str, str]:
    """Return the fields of a head whose names are written out, and the status. Raises WireError."""
    found: dict[str, str] = {}
    try:
        at = 0
        while at < len(block):
            first = block[at]
            if first & 0x80:  # a name and a value that everybody knows
                index, at = _number(block, at, 7)
                if index in _STATUS:
                    found[_STATUS_NAME] = _STATUS[index]
                continue
            if first & 0xE0 == 0x20:  # the size of the table that we do not keep
                _, at = _number(block, at, 5)
                continue
            index, at = _number(block, at, 6 if first & 0x40 else 4)
            name = _STATUS_NAME if index in _STATUS else ""
            if not index:
                name, at = _read(block, at)
            value, at = _read(block, at)
            if name:
                found[name] = value
    except (IndexError, ValueError):
        raise WireError("the answer has a head that is not HTTP/2") from None
    return found


def _text(text: str) -> bytes:
    content = text.encode("ascii")
    return _length(len(content)) + content


def _length(number: int) -> bytes:
    if number < 127:
        return bytes([number])
    left, found = number - 127, bytearray([127])
    while left > 127:
        found.append(left & 127 | 128)
        left >>= 7
    found.append(left)
    return bytes(found)


def _number(block: bytes, at: int, bits: int) -> tuple[int, int]:
    """Return a number whose first bits are the last of a byte, and where it ends."""
    most = (1 << bits) - 1
    number, at = block[at] & most, at + 1
    shift = 0
    if number == most:
        while True:
            number += (block[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if not block[at - 1] & 128:
                break
            if shift > 28:
                raise ValueError(shift)
    return number, at


def _read(block: bytes, at: int) -> tuple[str, int]:
    is_coded = bool(block[at] & 128)
    length, at = _number(block, at, 7)
    content = block[at : at + length]
    if len(content) < length:
        raise ValueError(length)
    return _decoded(content) if is_coded else content.decode("latin-1"), at + length


def _decoded(content: bytes) -> str:
    """Return what Huffman's code says; whatever it has no short code for ends it."""
    found: list[str] = []
    code = length = 0
    for byte in content:
        for place in range(7, -1, -1):
            code, length = code << 1 | (byte >> place & 1), length + 1
            if symbol := _CODES.get((length, code)):
                found.append(symbol)
                code = length = 0
            elif length > _LONGEST:
                return "".join(found) + "?"
    return "".join(found)
