from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from training.config import DataConfig
from training.data.dataset import Dataset
from training.data.files.sources import load
from training.errors import DataError, OptionError


def of_csv(folder: Path, text: str, **options: Any) -> Dataset:
    path = folder / "toy.csv"
    path.write_text(text, encoding="utf-8")
    return load(DataConfig(data=str(path), **({"label": "y"} | options)))


def test_csv_reads_numbers_and_names(tmp_path: Path) -> None:
    data = of_csv(tmp_path, "\ufeffa,y,b\n1,yes,2.5\n-3,no,1e3\n")
    assert data.input.feature_names == ("a", "b")
    assert data.x.tolist() == [[1, 2.5], [-3, 1000]]
    assert data.y.tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0 1", [0, 1]),
        ("-1 +1", [-1, 1]),
        ("1.0 2.0", [1, 2]),
        ("1 b", ["1", "b"]),
        ("007 008", ["007", "008"]),
        ("NA None", ["NA", "None"]),
        ("True False", ["True", "False"]),
    ],
)
def test_csv_labels_keep_their_own_type(tmp_path: Path, written: str, expected: list[Any]) -> None:
    rows = "".join(f"1,{label}\n" for label in written.split())
    assert of_csv(tmp_path, f"a,y\n{rows}").y.tolist() == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "no column 'y'; it has a, b"),
        ("a,a,y\n1,2,3\n", "more than one column 'a'"),
        ("y\n1\n", "no features"),
        ("a,y\n1,0\ngreen,1\n", "'green' in column 'a', row 1"),
        ("a,y\n1,0\n,1\n", "missing values in 1 of 2 rows, first in row 1 .*'a'"),
        ("a,y\n1,0\n1,\n", "missing values in 1 of 2 rows, first in row 1 .*'y'"),
        ("a,y\n1,0.5\n1,1.5\n", "looks like regression"),
        ("a,y\n1,0,9\n1,1,9\n", "not a readable .csv .its rows have more cells than its header has names"),
        ("a,y\n1,0\n1,1,9\n", "not a readable .csv"),
        ("a,y\ninf,0\n1,1\n", "infinite"),
        ("a,y\n", "no rows"),
    ],
)
def test_csv_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises((DataError, OptionError), match=said):
        of_csv(tmp_path, text)


def test_csv_without_label_lists_its_columns(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"needs --label COLUMN.*it has a, b"):
        of_csv(tmp_path, "a,b\n1,2\n", label=None)
