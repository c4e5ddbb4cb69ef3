"""Tables whose cells have types read as those of text do; what cannot be read here is said."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.config import DataConfig
from training.data.dataset import RawData
from training.data.files.columns import Known
from training.data.files.sources import load, load_rows
from training.data.files.tables import as_raw
from training.data.files.workbooks import of_frame
from training.errors import DataUnreadableError, FeaturesError, OptionError

FRAME = pd.DataFrame(
    {
        "size": [1, 2, 3, 4],
        "zip": [75001.0, None, 75003.0, 75001.0],
        "flag": [True, False, True, None],
        "job": [" nurse", "smith", None, b"nurse"],
        "y": pd.array([2**53, 2**53 + 1, 2**53, 2**53 + 1], dtype="Int64"),
    }
)


def test_cells_with_types_read_as_their_words_would() -> None:
    config = DataConfig(data="toy.parquet", label="y", category=("zip", "job"), missing="fill")
    raw = as_raw(of_frame(Path("toy.parquet"), FRAME, config, Known()), config, Known())
    assert raw.records is not None
    assert raw.records.kinds == {"size": "number", "zip": "category", "flag": "boolean", "job": "category"}
    assert raw.records.instances[0] == {"size": 1, "zip": "75001", "flag": True, "job": "nurse"}
    assert raw.records.instances[1] == {"size": 2, "zip": None, "flag": False, "job": "smith"}
    assert raw.records.column("job")[3] == "nurse"
    assert raw.records.instances[2] == {"size": 3, "zip": "75003", "flag": True, "job": None}
    assert raw.y.tolist() == FRAME["y"].tolist()


def test_times_groups_and_splits_may_be_cells_of_any_type() -> None:
    days = pd.to_datetime(pd.Series(["2024-01-02", None, "2024-01-01", "2024-02-01"]))
    frame = FRAME.assign(day=days, patient=[7, 8, 7, 8])[["size", "day", "patient", "flag", "y"]]
    path = Path("toy.xlsx")

    def read(**roles: Any) -> RawData:
        left_out = tuple({"day", "patient", "flag"} - set(roles.values()))
        config = DataConfig(data="toy.xlsx", label="y", ignore=left_out, **roles)
        return as_raw(of_frame(path, frame, config, Known()), config, Known())

    by_time = read(time="day")
    assert by_time.times is not None
    assert by_time.times.tolist() == [1, 0, 0, 2]
    assert by_time.absent[1][1].tolist() == [False, True, False, False]
    by_group = read(group="patient")
    assert by_group.groups is not None
    assert by_group.groups.tolist() == [0, 1, 0, 1]
    with pytest.raises(OptionError, match="holds 'True', 'False'"):
        read(split="flag")


def test_an_index_that_was_written_with_the_rows_has_no_name() -> None:
    frame = FRAME.rename(columns={"size": "__index_level_0__"})
    with pytest.raises(FeaturesError, match="has no name for __index_level_0__"):
        of_frame(Path("toy.parquet"), frame, DataConfig(data="toy.parquet", label="y"), Known())


@pytest.mark.parametrize("compression", ["snappy", "zstd", None])
def test_a_parquet_file_reads_as_its_table(tmp_path: Path, compression: Any) -> None:
    path = tmp_path / "toy.parquet"
    pd.concat([FRAME] * 5).to_parquet(path, index=False, compression=compression)
    data = load(DataConfig(data=str(path), label="y", category=("zip", "job"), missing="fill"))
    assert data.records is not None
    assert data.records.instances[1] == {"size": 2, "zip": None, "flag": False, "job": "smith"}
    assert data.labels == (2**53, 2**53 + 1)


def test_a_parquet_file_of_numbers_alone_is_rows_with_labels_and_without(tmp_path: Path) -> None:
    path = tmp_path / "numbers.parquet"
    frame = pd.DataFrame(
        {"a": np.arange(6, dtype=np.int8), "b": np.arange(6, dtype=np.float32) / 2, "y": [0, 1] * 3}
    )
    frame.to_parquet(path)
    data = load(DataConfig(data=str(path), label="y"))
    assert (data.input.kind, data.input.feature_names, data.labels) == ("vector", ("a", "b"), (0, 1))
    assert data.x.tolist() == frame[["a", "b"]].to_numpy().tolist()
    rows = load_rows(DataConfig(data=str(path), ignore=("y",)), (2,), "absent")
    assert rows.x.tolist() == data.x.tolist()


@given(content=st.binary(max_size=200))
def test_a_file_that_is_no_parquet_is_named(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("garbage") / "toy.parquet"
    path.write_bytes(content)
    with pytest.raises(DataUnreadableError, match=r"toy\.parquet is not a readable \.parquet file"):
        load(DataConfig(data=str(path), label="y"))


@pytest.mark.parametrize(
    ("ending", "needs"),
    [(".parquet", ("pyarrow", "fastparquet")), (".xlsx", ("openpyxl", "python_calamine"))],
)
def test_what_needs_a_library_that_is_not_installed_is_refused_with_what_there_is(
    tmp_path: Path, ending: str, needs: tuple[str, str]
) -> None:
    if any(find_spec(name) for name in needs):
        pytest.skip("it is installed")
    (tmp_path / f"toy{ending}").write_bytes(b"")
    with pytest.raises(
        DataUnreadableError, match=f"{ending} needs {' or '.join(needs)}, which is not installed.*csv"
    ):
        load(DataConfig(data=str(tmp_path / f"toy{ending}"), label="y"))
