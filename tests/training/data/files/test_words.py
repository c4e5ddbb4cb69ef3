"""Numbers are read in the forms that people write, and what looks like one is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.files.words import is_plain, looks_like, number


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("1,234", ".", 1234),
        ("12,34,567.5", ".", 1234567.5),
        ("1 234", ".", 1234),
        ("1\u00a0234,5", ",", 1234.5),
        ("1'234.5", ".", 1234.5),
        ("1.234.567,8", ",", 1234567.8),
        ("1,5", ",", 1.5),
        ("$1,234.50", ".", 1234.5),
        ("-$3", ".", -3),
        ("12 \u20ac", ".", 12),
        ("USD 5", ".", 5),
        ("(1,234)", ".", -1234),
        ("\u22123", ".", -3),
        ("12 %", ".", 12),
        ("0x1F", ".", 31),
        ("007", ".", 7),
        ("-1.5e3", ".", -1500),
        ("1,5", ".", None),
        ("0,125", ".", None),
        ("0.125", ",", None),
        ("\u0661\u0662", ".", 12),
        ("ABC 12", ".", None),
        ("1,23,4", ".", None),
        ("2024-01-05", ".", None),
        ("A12", ".", None),
        ("", ".", None),
        ("$", ".", None),
    ],
)
def test_numbers_are_read_in_the_usual_forms(text: str, decimal: str, expected: float | None) -> None:
    assert number(text, decimal) == expected


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["1,234", "12,345"], "numbers with separators of thousands"),
        (["1,5", "2,25"], "numbers with a decimal comma"),
        (["0,125", "0,034"], "numbers with a decimal comma"),
        (["\u22125", "\u221212"], "numbers in a form of their own"),
        (["\u0661\u0662", "\uff13"], "numbers in a form of their own"),
        (["0x1F", "0xA0"], "hexadecimal numbers"),
        (["$5.00", "7 \u20ac", "EUR 8"], "sums of money"),
        (["5%", "7 %"], "percentages"),
        (["2024-01-05", "2024-02-01T12:30:00Z"], "dates or times"),
        (["05/01/2024", "5.1.24"], "dates or times"),
        (["Jan 5, 2024", "12 March 2023"], "dates or times"),
        (["12:30", "1:05 pm"], "dates or times"),
        (["12 kg", "5ms", "3 km/h"], "numbers with a unit"),
        (["nurse", "smith"], None),
        (["A12", "B7"], None),
        (["DIV1", "LHR 12", "JFK12"], None),
        (["Decile 1", "Junior 2", "Market 10"], None),
        (["1st", "2nd"], None),
        (["10-20", "20-30"], None),
        ([], None),
    ],
)
def test_words_that_look_like_something_else_are_told(words: list[str], kind: str | None) -> None:
    assert looks_like(words) == kind


@given(st.text())
def test_no_text_is_too_strange_to_be_looked_at(text: str) -> None:
    looks_like([text])
    if is_plain(text):
        assert number(text) == float(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_programs_write_it_is_read_exactly(value: float) -> None:
    assert number(repr(value)) == value
