from __future__ import annotations

import pytest

from loadtests.errors import WireError
from loadtests.protocol import hpack


def test_what_is_written_is_read_back_however_long_it_is() -> None:
    fields = {"grpc-status": "0", "x": "", "long": "v" * 127, "longer": "v" * 40_000}
    assert hpack.decode(hpack.encode(fields.items())) == fields


@pytest.mark.parametrize(
    ("block", "text"),
    [  # RFC 7541, C.4 and C.6: a literal whose value is in Huffman's code
        ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
        ("a8eb10649cbf", "no-cache"),
        ("25a849e95ba97d7f", "custom-key"),
        ("25a849e95bb8e8b4bf", "custom-value"),
        ("aec3771a4b", "private"),
        ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
        ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
    ],
)
def test_texts_in_huffmans_code_are_read(block: str, text: str) -> None:
    coded = bytes.fromhex(block)
    assert hpack.decode(b"\0\x01x" + bytes([0x80 | len(coded)]) + coded) == {"x": text}


def test_the_status_is_known_by_its_number_and_by_its_name() -> None:
    assert hpack.decode(b"\x88") == {":status": "200"}
    assert hpack.decode(b"\x8d") == {":status": "404"}
    assert hpack.decode(b"\x20\x48\x03302") == {":status": "302"}  # after the size of a table


def test_fields_whose_names_are_not_written_out_are_passed_over() -> None:
    assert hpack.decode(b"\x5f\x05a/b/c\x82\x88") == {":status": "200"}  # content-type, :method


@pytest.mark.parametrize("block", [b"\0", b"\0\x05ab", b"\0\x01a", b"\xff", b"\xff" * 9, b"\0\x81"])
def test_what_is_no_head_is_refused(block: bytes) -> None:
    with pytest.raises(WireError, match="a head that is not HTTP/2"):
        hpack.decode(block)


def test_characters_that_have_no_short_code_end_a_text() -> None:
    assert hpack.decode(b"\0\x01x\x83\xff\xff\xff") == {"x": "?"}
