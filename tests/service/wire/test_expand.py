"""Compressed bodies come out as they went in, or are refused; and never expand into more than was agreed."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import MalformedBodyError, TooLargeError, UnsupportedEncodingError
from service.wire.expand import Coding, coding_of, expand

TEXT = b'{"instances": [[1.0, 2.0]]}' * 40
COMPRESS: dict[Coding, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
CODINGS: tuple[Coding, ...] = ("gzip", "deflate")


@pytest.mark.parametrize("coding", CODINGS)
@given(content=st.binary(max_size=400))
def test_a_body_comes_out_as_it_went_in(coding: Coding, content: bytes) -> None:
    compressed = COMPRESS[coding](content)
    assert expand(compressed, coding, max_bytes=len(content)) == content
    assert expand(bytearray(compressed), coding, max_bytes=400) == content


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_of_many_pieces_comes_out_as_it_went_in(coding: Coding) -> None:
    content = random.Random(0).randbytes(250_000)
    compressed = COMPRESS[coding](content)
    assert len(compressed) > 3 * 65_536
    assert expand(compressed, coding, max_bytes=len(content)) == content


def test_members_of_gzip_are_joined() -> None:
    members = [TEXT[i : i + 20] for i in range(0, len(TEXT), 20)]
    assert expand(b"".join(map(gzip.compress, members)), "gzip", max_bytes=len(TEXT)) == TEXT


@pytest.mark.parametrize("coding", CODINGS)
def test_one_byte_more_than_allowed_is_too_large(coding: Coding) -> None:
    with pytest.raises(TooLargeError, match=f"longer than {len(TEXT) - 1} bytes when it is expanded"):
        expand(COMPRESS[coding](TEXT), coding, max_bytes=len(TEXT) - 1)


def test_members_are_bounded_together() -> None:
    with pytest.raises(TooLargeError):
        expand(gzip.compress(TEXT) * 3, "gzip", max_bytes=3 * len(TEXT) - 1)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_takes_no_more_memory_than_is_allowed(coding: Coding) -> None:
    bomb = COMPRESS[coding](bytes(10_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            expand(bomb, coding, max_bytes=100_000)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_members_without_end_are_refused() -> None:
    with pytest.raises(MalformedBodyError, match="bytes too many"):
        expand(gzip.compress(b"") * 5000, "gzip", max_bytes=100)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("kept", [0, 1, 5, 12, -1])
def test_a_body_that_breaks_off_is_malformed(coding: Coding, kept: int) -> None:
    with pytest.raises(MalformedBodyError, match="breaks off"):
        expand(COMPRESS[coding](TEXT)[:kept], coding, max_bytes=10_000)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("more", [b"\0", b"x", b"\x1f\x8b", TEXT])
def test_a_body_that_goes_on_behind_its_end_is_malformed(coding: Coding, more: bytes) -> None:
    with pytest.raises(MalformedBodyError, match=f"the body is not {coding}"):
        expand(COMPRESS[coding](TEXT) + more, coding, max_bytes=10_000)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_damaged_body_is_malformed(coding: Coding) -> None:
    whole = COMPRESS[coding](TEXT)
    for place in (0, len(whole) // 2, len(whole) - 5 if coding == "gzip" else len(whole) - 1):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        with pytest.raises(MalformedBodyError, match=f"the body is not {coding}"):
            expand(damaged, coding, max_bytes=10_000)


def test_what_is_not_compressed_is_malformed() -> None:
    for coding in CODINGS:
        with pytest.raises(MalformedBodyError, match=f"the body is not {coding}"):
            expand(TEXT, coding, max_bytes=10_000)


def test_codings_are_named_as_http_has_them() -> None:
    named = {value: coding_of(value) for value in (b"gzip", b" X-GZip ", b"Deflate", b"identity", b"")}
    assert list(named.values()) == ["gzip", "gzip", "deflate", None, None]


@pytest.mark.parametrize("value", [b"br", b"gzip, gzip", b"zstd", b"gzip;q=1", b"\xff"])
def test_any_other_coding_is_refused_by_its_name(value: bytes) -> None:
    with pytest.raises(UnsupportedEncodingError, match="it may be gzip, deflate or identity"):
        coding_of(value)
