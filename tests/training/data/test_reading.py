"""What each column was taken for is one line of a table that a terminal of 80 columns holds."""

from __future__ import annotations

from pathlib import Path

from rich.cells import cell_len

from tests.training.data.files.tables import of_csv
from training.data.reading import ColumnReading, taken_for


def test_every_column_is_told_with_an_example_its_values_and_what_is_missing(tmp_path: Path) -> None:
    text = "age,job,zip,note,on,part,id,y\n41,nurse,007,So so,True,test,1,1\n,smith,8,,False,train,2,0\n"
    data = of_csv(
        tmp_path, text, text=("note",), split="part", ignore=("id",), category=("zip", "job"), missing="fill"
    )
    table = [line.split() for line in data.taken]
    assert table[0] == ["column", "read", "as", "example", "distinct", "missing"]
    assert ["age", "number", "41.0", "1", "1"] in table
    assert ["job", "category", "nurse", "2", "0"] in table
    assert ["zip", "category", "007", "2", "0"] in table
    assert ["on", "boolean", "True", "2", "0"] in table
    assert ["part", "split", "test", "2", "0"] in table
    assert ["id", "ignored", "1", "2", "0"] in table
    assert ["y", "label", "1", "2", "0"] in table
    assert data.taken[-1] == "toy: 2 rows, in 2 classes of whole numbers: 0, 1"


def test_labels_and_times_that_are_missing_are_counted_as_they_were_read(tmp_path: Path) -> None:
    text = "a,when,y\n1,10,1\n2,NA,1.0\n3,30,2\n4,40,NA\n"
    table = [line.split() for line in of_csv(tmp_path, text, time="when", missing="drop").taken]
    assert ["when", "time", "10", "3", "1"] in table
    assert ["y", "label", "1", "2", "1"] in table


def test_long_names_and_wide_letters_stay_within_80_columns() -> None:
    readings = [
        ColumnReading("n" * 99, "category", "line\nand " * 20, 10**9, 10**9),
        ColumnReading("\u540d\u524d" * 30, "boolean", "\u6771\u4eac" * 20, 1, 0),
    ]
    lines = taken_for(readings, 50_000)
    assert all(cell_len(line) <= 80 and "\n" not in line for line in lines)
    assert lines[-1] == "and 49,998 columns more"
