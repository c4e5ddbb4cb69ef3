from __future__ import annotations

import pytest
from google.protobuf import any_pb2, wrappers_pb2

from loadtests.protocol.dialects import protobuf


def test_messages_are_those_of_protobufs_own_library() -> None:
    theirs = any_pb2.Any(type_url="grüße", value=b"x" * 300).SerializeToString()
    assert protobuf.message((1, "grüße"), (2, b"x" * 300)) == theirs
    fields = protobuf.read(theirs)
    assert (protobuf.text(fields, 1), protobuf.messages(fields, 2)) == ("grüße", [b"x" * 300])


@pytest.mark.parametrize("number", [0, 1, 127, 128, 2**40, -1, -(2**63), 2**63 - 1])
def test_whole_numbers_come_back_as_they_were(number: int) -> None:
    theirs = wrappers_pb2.Int64Value(value=number).SerializeToString()
    assert protobuf.numbers(protobuf.read(theirs), 1) == ([number] if number else [])
    assert protobuf.numbers(protobuf.read(protobuf.message((1, [number, 7]))), 1) == [number, 7]


def test_what_is_empty_is_left_out_but_for_an_element_of_a_list() -> None:
    assert protobuf.message((1, ""), (2, b""), (3, [])) == b""
    assert protobuf.messages(protobuf.read(protobuf.blob(7, b"") * 2), 7) == [b"", b""]


def test_fields_of_fixed_length_are_bytes() -> None:
    theirs = wrappers_pb2.DoubleValue(value=1.5).SerializeToString()
    assert protobuf.messages(protobuf.read(theirs), 1) == [b"\0\0\0\0\0\0\xf8\x3f"]


@pytest.mark.parametrize(
    "content", [b"\x0a", b"\x0a\x05ab", b"\x08", b"\x08" + b"\xff" * 11, b"\x0b", b"\x09abc"]
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"beyond the message|of kind 3"):
        protobuf.read(content)


def test_a_number_where_a_text_should_be_is_refused() -> None:
    with pytest.raises(ValueError, match="field 1 is a number"):
        protobuf.text(protobuf.read(b"\x08\x01"), 1)
