"""What may have been taken for something that it is not is said, unless an option has said what it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.training.data.files.tables import of_csv
from training.errors import MissingValuesError, UndeclaredColumnError


def rows(*values: str) -> str:
    """Return a table of 40 rows with these values in turn, and another column that tells nothing."""
    lines = [f'"{values[row % len(values)]}",{(row * 7) % 5},{row % 2}' for row in range(40)]
    return "\n".join(["a,b,y", *lines, ""])


@pytest.mark.parametrize(
    ("values", "said", "options"),
    [
        (("007", "12"), "numbers, though '007' in it looks like a code: give --category a", ["category"]),
        (("1,234", "5,678"), "look like numbers with separators of thousands.*--numeric a", ["numeric"]),
        (("2024-01-05", "2024-02-05"), "2 categories, .* look like dates or times", ["category", "ignore"]),
        (("0x1", "0x2"), "look like hexadecimal numbers, such as '0x1', '0x2'", ["numeric", "category"]),
        (("$1.50", "$2"), r"look like sums of money, such as '\$1.50'", ["numeric", "category"]),
        (tuple(map(str, range(40))), "another whole number in each row.*--ignore a", ["ignore", "numeric"]),
        (tuple(map(str, range(39, -1, -1))), "another whole number in each row", ["ignore"]),
        (tuple(str(row * 17 % 40) for row in range(40)), "another whole number in each row", ["numeric"]),
    ],
)
def test_doubts_are_said_and_an_option_ends_them(
    tmp_path: Path, values: tuple[str, ...], said: str, options: list[str]
) -> None:
    (note,) = of_csv(tmp_path, rows(*values)).notes
    assert re.search(said, note)
    for option in options:
        given: dict[str, Any] = {option: ("a",)}
        assert of_csv(tmp_path, rows(*values), **given).notes == ()


@pytest.mark.parametrize(
    "values", [("1", "2"), ("nurse", "smith"), ("0", "0.5"), ("True", "False"), ("1st", "2nd"), ("-1", "+1")]
)
def test_nothing_is_said_of_what_is_plain(tmp_path: Path, values: tuple[str, ...]) -> None:
    assert of_csv(tmp_path, rows(*values)).notes == ()


def test_a_leading_zero_is_seen_wherever_it_stands(tmp_path: Path) -> None:
    late = "a,b,y\n" + "".join(
        f"{row % 97 + 10},{row % 5},{row % 2}\n" for row in range(40_000)
    )  # two reads of the file
    assert of_csv(tmp_path, late).notes == ()
    assert "'03' in it looks like a code" in of_csv(tmp_path, late + "03,1,1\n").notes[0]


@pytest.mark.parametrize(
    ("values", "options", "kind"),
    [
        (("1,234", "12"), {}, "--numeric a, --category a or --text a"),
        (("1,5", "12"), {}, "--decimal , .* --category a or --text a"),
        (tuple(f"2024-01-{day:02}" for day in range(1, 25)), {}, "look like dates.*--ignore a"),
        (
            ("1,234", "two"),
            {"numeric": ("a",)},
            "'two' in column 'a', row 1 .* no number.* as 1234.5, 1,234.5",
        ),
        (
            ("1,2", "0.1"),
            {"decimal": ",", "numeric": ("a",)},
            "'0.1' in column 'a', row 1 .* no number.* as 1234,5, 1.234,5",
        ),
    ],
)
def test_words_that_cannot_be_read_come_with_the_options_that_would_read_them(
    tmp_path: Path, values: tuple[str, ...], options: dict[str, Any], kind: str
) -> None:
    with pytest.raises(UndeclaredColumnError, match=kind):
        of_csv(tmp_path, rows(*values), **options)


def test_declared_numbers_are_read_whatever_form_they_have(tmp_path: Path) -> None:
    data = of_csv(tmp_path, rows("$1,234.50", "12 %", "0x1F", "7", "True"), numeric=("a",))
    assert data.x[:5, 0].tolist() == [1234.5, 12, 31, 7, 1]


def test_that_na_may_be_a_word_is_said_unless_an_option_has_said_it(tmp_path: Path) -> None:
    text = "a,b,y\nNA,1,0\nDE,2,1\n,3,0\nDE,4,1\n"
    with pytest.raises(MissingValuesError, match=r"in 2 of 4 rows.* where NA is a word, .*--category a"):
        of_csv(tmp_path, text)
    with pytest.raises(MissingValuesError, match=r"in 1 of 4 rows.*--missing fill$"):
        of_csv(tmp_path, text, category=("a",))
