"""Long bodies in pieces: the same rows as read whole, and none where a body is not just so."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidRequestError, MalformedBodyError, TooLargeError
from service.wire.message import is_within_float32
from service.wire.pieces import LONG_BYTES, decode_in_pieces, numbers_in_pieces
from service.wire.vectors import decode_json

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
ROWS = st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=30)
SPACE = st.sampled_from(["", " ", "\n", "\r\n\t "])


def body_of(rows: list[list[float]], space: str = "") -> bytes:
    inner = f"{space},{space}".join(json.dumps(row) for row in rows)
    return f'{space}{{{space}"instances"{space}:{space}[{space}{inner}{space}]{space}}}{space}'.encode()


@given(ROWS, SPACE, st.integers(1, 200))
def test_the_rows_of_a_body_are_the_same_wherever_it_is_cut(
    rows: list[list[float]], space: str, piece_bytes: int
) -> None:
    found = decode_in_pieces(body_of(rows, space), 3, piece_bytes)
    assert found is not None
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(rows, np.float32))


@pytest.mark.parametrize(
    "text",
    [
        '{"instances":[]}',
        '{"instances":[[]]}',
        '{"instances":[[1,2,3],[4,5]]}',
        '{"instances":[[1,2,3],[4,5,6,7]]}',
        '{"instances":[[1,2,3],[4,[5],6]]}',
        '{"instances":[[1,2,3],[[4,5,6],[],[]]]}',
        '{"instances":[[1,2,3],4,5,6]}',
        '{"instances":[[1,2,3],[4,5,6],]}',
        '{"instances":[[1,2,3],,[4,5,6]]}',
        '{"instances":[[1,2,3] [4,5,6]]}',
        '{"instances":[[1,2,3],[4,5,"6"]]}',
        '{"instances":[[1,2,3],[4,5,null]]}',
        '{"instances":[[1,2,3],[4,5,1e39]]}',
        '{"instances":[[1,2,3],[4,5,NaN]]}',
        '{"instances":[[1,2,3],[4,5,6]],"more":[[1,2,3]]}',
        '{"other":[[1,2,3]],"instances":[[1,2,3],[4,5,6]]}',
        '{"instances":[[1,2,3],[4,5,6]]',
        '{"instances":[[1,2,3],[4,5,6}]',
        '{"instances":[[1,2,3],[4,5,6]]}]}',
        "[[1,2,3],[4,5,6]]",
        '{"instances":"[[1,2,3],[4,5,6]]"}',
        "]",
        "",
    ],
)
@pytest.mark.parametrize("piece_bytes", [1, 8, 1000])
def test_a_body_that_is_not_just_so_is_left_to_whoever_can_say_why(text: str, piece_bytes: int) -> None:
    assert decode_in_pieces(text.encode(), 3, piece_bytes) is None


@pytest.mark.parametrize(
    ("last", "error", "said"),
    [
        ("[1,2]", InvalidRequestError, r"instances\[39999\] has 2 features; the model takes 3"),
        ("[1,2,1e39]", InvalidRequestError, r"instances\[39999\]\[2\] is 1e\+39"),
        ("[1,2,NaN]", InvalidRequestError, "the body holds NaN"),
        ("[1,2,3", MalformedBodyError, "the body is not JSON"),
        ("[1,2,3],[1,2,3]", TooLargeError, "there are 40001 rows; at most 40000"),
    ],
)
def test_what_is_wrong_with_a_long_body_is_said_as_of_a_short_one(
    last: str, error: type[Exception], said: str
) -> None:
    body = ('{"instances":[' + "[1,2,3]," * 39_999 + last + "]}").encode()
    assert len(body) > LONG_BYTES
    with pytest.raises(error, match=said):
        decode_json(body, features=3, max_rows=40_000)


def test_a_long_body_need_not_be_bytes_that_never_change() -> None:
    body = bytearray(body_of([[1.0, 2.0, 3.0]] * 40_000))
    rows = decode_json(body, features=3, max_rows=40_000)
    np.testing.assert_array_equal(rows, np.tile(np.array([1, 2, 3], np.float32), (40_000, 1)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.5e38, -3.5e38])
def test_a_number_that_float32_cannot_hold_is_seen_among_many(value: float) -> None:
    values = np.zeros((100, 100))
    assert is_within_float32(values)
    values[99, 3] = value
    assert not is_within_float32(values)


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=20),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", ":")]),
    st.integers(1, 60),
)
def test_the_numbers_of_a_flat_list_are_the_same_wherever_it_is_cut(
    numbers: list[float], separators: tuple[str, str], piece_bytes: int
) -> None:
    text = json.dumps(numbers, separators=separators).encode()
    for kind in (bytes, bytearray):
        found = numbers_in_pieces(kind(text), len(numbers), piece_bytes)
        np.testing.assert_array_equal(found, np.array(numbers, np.float32))
    assert numbers_in_pieces(text, len(numbers) + 1, piece_bytes) is None
    assert numbers_in_pieces(text, len(numbers) - 1, piece_bytes) is None


@pytest.mark.parametrize("piece_bytes", [1, 3, 1000])
@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "]", "[]", "1, 2, 3", "[1, 2, 3,]", "[1, 2,, 3]", "[,1, 2, 3]", "[1, 2 3]", "[1, 2, 3]]"),
        *(
            "[[1, 2, 3]]",
            "[1, [2], 3]",
            '[1, "2", 3]',
            "[1, true, 3]",
            "[1, NaN, 3]",
            "[1, 1e39, 3]",
            "[1, 2, 3",
        ),
    ],
)
def test_what_is_no_flat_list_of_so_many_numbers_is_left_to_others(text: str, piece_bytes: int) -> None:
    assert numbers_in_pieces(text.encode(), 3, piece_bytes) is None
