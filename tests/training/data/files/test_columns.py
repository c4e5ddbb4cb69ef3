"""Every column is there for something that its user knows of, or is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.data.files.tables import of_csv
from training.errors import DataUnreadableError, FeaturesError, OptionError

INDEXED = ",a,y\n0,1,no\n1,3,yes\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (INDEXED, 1),
        ("a,y,\n1,no,\n2,yes,\n", 3),
        ("a, ,y\n1,2,no\n3,4,yes\n", 2),
        ("Unnamed: 0,a,y\n0,1,no\n1,3,yes\n", None),
    ],
)
def test_a_column_without_a_name_is_refused_by_its_place_and_may_be_ignored(
    tmp_path: Path, text: str, place: int | None
) -> None:
    name = f"column {place}" if place else "Unnamed: 0"
    with pytest.raises(FeaturesError, match=f"has no name for {name}, .* --ignore '{name}'"):
        of_csv(tmp_path, text)
    data = of_csv(tmp_path, text, ignore=(name,))
    assert data.input.feature_names == ("a",)
    assert any(line.startswith(f"{name}  ignored") for line in data.taken)


def test_a_column_without_a_name_is_a_feature_where_an_option_says_so(tmp_path: Path) -> None:
    data = of_csv(tmp_path, INDEXED, numeric=("column 1",))
    assert data.input.feature_names == ("column 1", "a")
    assert of_csv(tmp_path, "a,\n1,no\n2,yes\n", label="column 2").labels == ("no", "yes")


def test_names_are_known_without_the_blanks_around_them_and_in_any_unicode_form(tmp_path: Path) -> None:
    data = of_csv(tmp_path, "a, cafe\u0301 , y\n1,2,no\n3,4,yes\n", ignore=("a",), numeric=("caf\u00e9",))
    assert data.input.feature_names == ("caf\u00e9",)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("a,b,y\n1,2,0\n", {"ignore": ("c",)}, "no column 'c', wanted by --ignore; it has a, b, y"),
        ("a,b,y\n1,2,0\n", {"ignore": ("a", "b")}, "no features: nothing is left beside 'y'"),
        ("a,b,y\n1,2,0\n", {"ignore": ("a",), "numeric": ("a",)}, "--ignore and --numeric were both given"),
        ("a,b,y\n1,2,0\n", {"group": "a", "time": "b"}, "--group and --time were both given"),
        ("a;b;y\n1;2;0\n", {}, "no column 'y'; it has a;b;y, which --sep ';' would divide"),
    ],
)
def test_options_that_make_no_sense_are_named(
    tmp_path: Path, text: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((OptionError, FeaturesError), match=said):
        of_csv(tmp_path, text, **options)


def test_columns_of_the_same_name_are_refused_however_many_there_are(tmp_path: Path) -> None:
    header = ",".join(f"c{place}" for place in range(20_000))
    with pytest.raises(DataUnreadableError, match="more than one column 'c7'"):
        of_csv(tmp_path, f"{header},c7,y\n")
