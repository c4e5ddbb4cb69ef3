"""Tables with words in them become records, with kinds that the columns show or the user gives."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from training.config import DataConfig
from training.data.dataset import Dataset
from training.data.files.sources import load
from training.errors import DataError, DataUnreadableError, FeaturesError, MissingValuesError, OptionError

MIXED = "age,job,note,y\n41,nurse,Fine day,1\n,smith,,0\n33.5,nurse,So so,1\n20,smith,Oh no,0\n"


def of_csv(folder: Path, content: str, **options: Any) -> Dataset:
    path = folder / "toy.csv"
    path.write_text(content, encoding="utf-8")
    return load(DataConfig(data=str(path), **({"label": "y"} | options)))


def test_columns_are_numbers_categories_or_texts_and_rows_are_objects(tmp_path: Path) -> None:
    data = of_csv(tmp_path, MIXED, text=("note",), missing="fill")
    assert data.records is not None
    assert data.records.kinds == {"age": "number", "job": "category", "note": "text"}
    assert data.records.instances[0] == {"age": 41, "job": "nurse", "note": "Fine day"}
    assert data.records.instances[1] == {"age": None, "job": "smith", "note": ""}
    assert data.records.instances[2] == {"age": 33.5, "job": "nurse", "note": "So so"}
    assert data.labels == (0, 1)


def test_a_text_alone_is_a_string_and_no_object(tmp_path: Path) -> None:
    data = of_csv(tmp_path, "y,t\n1,NA\n0,\n1,7\n", text=("t",))
    assert data.records is not None
    assert data.records.bare
    assert list(data.records.instances) == ["NA", "", "7"]


def test_numbers_may_be_declared_categories(tmp_path: Path) -> None:
    data = of_csv(tmp_path, "zip,y\n01,1\n2,0\n01,0\n", category=("zip",))
    assert data.records is not None
    assert list(data.records.instances) == [{"zip": "01"}, {"zip": "2"}, {"zip": "01"}]


def test_numbers_alone_stay_vectors_unless_they_are_to_be_filled_in(tmp_path: Path) -> None:
    text = "a,b,y\n1,2,0\n3,,1\n"
    assert of_csv(tmp_path, text.replace(",,", ",4,")).records is None
    filled = of_csv(tmp_path, text, missing="fill").records
    assert filled is not None
    assert list(filled.instances) == [{"a": 1, "b": 2}, {"a": 3, "b": None}]


def test_missing_values_are_refused_or_dropped_as_in_other_data(tmp_path: Path) -> None:
    with pytest.raises(
        MissingValuesError, match=r"in 1 of 4 rows, first in row 1 .* in age; .*--missing fill"
    ):
        of_csv(tmp_path, MIXED, text=("note",))
    data = of_csv(tmp_path, MIXED, text=("note",), missing="drop")
    assert data.records is not None
    assert [row["age"] for row in data.records.instances if isinstance(row, dict)] == [41, 33.5, 20]
    assert data.y.tolist() == [1, 1, 0]
    assert "dropped 1 of 4 rows" in data.notes[0]


def test_a_missing_label_is_never_filled_in(tmp_path: Path) -> None:
    with pytest.raises(MissingValuesError, match="'y'; a model cannot fill in labels") as caught:
        of_csv(tmp_path, "job,y\na,1\na,\nb,0\nb,1\n", missing="fill")
    assert "--missing fill" not in str(caught.value)
    with pytest.raises(MissingValuesError, match="cannot fill in labels"):
        of_csv(tmp_path, "a,y\n1,1\n2,\n3,0\n")


@pytest.mark.parametrize("text", [(), ("note",)])
def test_a_header_alone_has_no_rows(tmp_path: Path, text: tuple[str, ...]) -> None:
    with pytest.raises(FeaturesError, match="toy has no rows"):
        of_csv(tmp_path, "note,y\n", text=text)


def test_a_split_column_keeps_the_published_test_rows(tmp_path: Path) -> None:
    text = "t,part,y\na,test,1\nb,train,0\nc,test,2\nd,validation,3\n"
    data = of_csv(tmp_path, text, text=("t",), split="part")
    assert data.records is not None
    assert list(data.records.instances) == ["b", "d", "a", "c"]
    assert data.y.tolist() == [0, 3, 1, 2]
    assert data.test_rows == 2
    vectors = of_csv(tmp_path, "a,part,y\n1,test,1\n2,train,0\n", split="part")
    assert (vectors.x.tolist(), vectors.test_rows) == ([[2], [1]], 1)


def test_rows_are_counted_as_in_the_file_whatever_the_split_does_to_them(tmp_path: Path) -> None:
    with pytest.raises(MissingValuesError, match="first in row 0"):
        of_csv(tmp_path, "a,part,y\n,test,1\n2,train,0\n", split="part")


def test_a_compressed_table_is_read_and_named_without_its_endings(tmp_path: Path) -> None:
    path = tmp_path / "toy.csv.gz"
    path.write_bytes(gzip.compress(MIXED.encode()))
    data = load(DataConfig(data=str(path), label="y", text=("note",), missing="fill"))
    assert data.name == "toy"
    assert len(data.y) == 4


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(MIXED.encode())[:-12]], ids=["empty", "plain", "cut"]
)
def test_a_damaged_compressed_table_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "toy.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DataUnreadableError, match=r"toy\.csv\.gz"):
        load(DataConfig(data=str(path), label="y"))


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (MIXED, {"text": ("nota",)}, "no column 'nota', wanted by --text; it has age, job, note, y"),
        (MIXED, {"category": ("x",)}, "no column 'x', wanted by --category"),
        (MIXED, {"split": "x"}, "no column 'x', wanted by --split"),
        (MIXED, {"text": ("y",)}, "--text and --label were both given 'y'"),
        (MIXED, {"text": ("job",), "category": ("job",)}, "--category and --text were both given 'job'"),
        (MIXED, {"split": "job"}, "--split was given 'job', which holds 'nurse', 'smith'.* must say 'test'"),
        (MIXED, {"text": ("note",), "kind": "vector", "missing": "fill"}, "--kind vector was given, but"),
        ("a,y\n1,0\ngreen,1\n", {}, "'green' in column 'a', row 1 .*--category a or --text a"),
        ("a,y\nred wine,0\ngreen tea,1\n", {}, "2 different words in 2 rows of column 'a'.*--text a"),
        ("a,b,y\ninf,x,0\n1,x,1\n", {}, "inf in column 'a', row 0"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises((DataError, OptionError), match=said):
        of_csv(tmp_path, text, **options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"text": ("note",)}, "--text note was given, but digits is not a .csv"),
        ({"category": ("a", "b")}, "--category a, b was given"),
        ({"split": "part"}, "--split part was given"),
        ({"missing": "fill"}, "--missing fill was given"),
    ],
)
def test_options_of_tables_are_refused_of_other_data(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        load(DataConfig(data="digits", **options))
