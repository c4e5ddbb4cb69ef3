"""Expands a compressed body, and never into more than was agreed."""

from __future__ import annotations

import zlib
from typing import Literal

from service.errors import MalformedBodyError, TooLargeError, UnsupportedEncodingError, shown
from service.wire.message import Body

Coding = Literal["gzip", "deflate"]

_WINDOW_BITS: dict[Coding, int] = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_PIECE_BYTES = 65_536  # that are looked at in one go: what stands behind a member is copied each time
_MEMBERS_MAX = 1024  # a member costs microseconds, and takes twenty bytes


def coding_of(value: bytes) -> Coding | None:
    """Return how a body is compressed by its Content-Encoding, None where it is not.

    `deflate` is zlib's format, as RFC 9110 has it. Raises UnsupportedEncodingError for any other, and for
    several.
    """
    match value.strip().lower():
        case b"gzip" | b"x-gzip":
            return "gzip"
        case b"deflate":
            return "deflate"
        case b"" | b"identity":
            return None
    given = shown(value.decode("latin-1"))
    raise UnsupportedEncodingError(f"Content-Encoding is {given}; it may be gzip, deflate or identity")


def expand(body: Body, coding: Coding, *, max_bytes: int) -> Body:
    """Return what a body holds, of at most `max_bytes`; of gzip, its members joined.

    Raises TooLargeError where it holds more, having expanded no more than that, and MalformedBodyError where
    it is not whole, is damaged, or goes on behind its end.
    """
    expanded = bytearray()
    compressed = memoryview(body)
    members = 0
    start = 0
    while start < len(compressed) or not members:
        members += 1
        if members > _MEMBERS_MAX or (members > 1 and coding == "deflate"):
            raise MalformedBodyError(f"the body is not {coding}: {len(compressed) - start} bytes too many")
        start += _expand_member(compressed[start:], coding, expanded, max_bytes)
    return expanded


def _expand_member(compressed: memoryview, coding: Coding, expanded: bytearray, max_bytes: int) -> int:
    """Append what the first member holds to `expanded`, and return how many bytes it took."""
    member = zlib.decompressobj(_WINDOW_BITS[coding])
    taken = 0
    while not member.eof:
        piece = compressed[taken : taken + _PIECE_BYTES]
        if not piece:
            raise MalformedBodyError(f"the body is not {coding}: it breaks off after {len(compressed)} bytes")
        try:
            expanded += member.decompress(piece, max_bytes + 1 - len(expanded))
        except zlib.error as error:
            raise MalformedBodyError(f"the body is not {coding}: {error}") from error
        if len(expanded) > max_bytes:
            raise TooLargeError(f"the body is longer than {max_bytes} bytes when it is expanded")
        taken += len(piece) - len(member.unused_data)
    return taken
