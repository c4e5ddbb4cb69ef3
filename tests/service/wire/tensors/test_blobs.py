"""Tensors as bytes: what a blob says, and which blobs say nothing."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequestError
from service.wire.tensors.blobs import pack_numbers, pack_texts, unpack
from service.wire.tensors.tensor import BOOL, NUMBERS

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


@given(data=st.data(), datatype=st.sampled_from(sorted(NUMBERS.keys() - {BOOL})), shape=SHAPES)
def test_numbers_are_what_their_bytes_say(data: st.DataObject, datatype: str, shape: tuple[int, ...]) -> None:
    dtype = NUMBERS[datatype]
    blob = data.draw(st.binary(min_size=dtype.itemsize * prod(shape), max_size=dtype.itemsize * prod(shape)))
    tensor = unpack("x", datatype, shape, memoryview(blob))
    assert np.asarray(tensor.values).tobytes() == blob
    assert len(tensor.values) == prod(shape)


def test_a_boolean_is_true_whatever_its_byte_but_0() -> None:
    assert list(unpack("x", BOOL, (4,), b"\x00\x01\x02\xff").values) == [False, True, True, True]


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_texts_come_back_as_they_were(texts: list[str]) -> None:
    tensor = unpack("text", "BYTES", (len(texts), 1), pack_texts(texts))
    assert [value.decode() for value in tensor.values] == texts


@pytest.mark.parametrize(
    ("datatype", "shape", "blob"),
    [
        ("FP32", (1, 2), b"\0" * 7),
        ("FP32", (1, 2), b"\0" * 9),
        ("FP32", (1, 2), b""),
        ("FP32", (2**40, 2**40), b"\0" * 8),
        ("FP64", (2**61, 8), b""),  # which a product of 64 bits would take for 0
        ("BYTES", (1, 1), b""),
        ("BYTES", (1, 1), b"\0\0\0"),
        ("BYTES", (1, 1), b"\1\0\0\0"),
        ("BYTES", (1, 1), b"\xff\xff\xff\xffa"),
        ("BYTES", (1, 1), b"\0\0\0\0\0"),
        ("BYTES", (2, 1), b"\0\0\0\0"),
        ("BYTES", (2**62, 4), b"\0\0\0\0"),
    ],
)
def test_a_blob_of_another_size_than_its_shape_is_refused(
    datatype: str, shape: tuple[int, ...], blob: bytes
) -> None:
    with pytest.raises(InvalidRequestError, match=r"^input 'x'"):
        unpack("x", datatype, shape, blob)


@given(blob=st.binary(max_size=60), rows=st.integers(1, 4))
def test_any_bytes_are_texts_or_refused(blob: bytes, rows: int) -> None:
    try:
        values = unpack("x", "BYTES", (rows, 1), blob).values
    except InvalidRequestError:
        return
    assert len(values) == rows
    assert sum(len(value) + 4 for value in values) == len(blob)


def test_whole_numbers_are_packed_as_little_endian() -> None:
    assert pack_numbers("INT64", [-1, 258]) == b"\xff" * 8 + b"\x02\x01" + b"\0" * 6
