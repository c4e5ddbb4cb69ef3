"""Reads the tables that people bring, `.csv` and `.csv.gz`."""

from __future__ import annotations

import csv
import gzip
import warnings
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from training.config import DataConfig
from training.data.dataset import IntArray, RawData
from training.data.files.tables import Columns, as_records
from training.errors import DataUnreadableError, FeaturesError, OptionError

_UNREADABLE = (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile, zlib.error)


def read_csv(path: Path, config: DataConfig) -> RawData:
    """Read a table with a header. Where every column but the label holds numbers, rows are vectors.

    Where one holds words, or values are to be filled in, rows are records.
    """
    columns = Columns(config.text, config.category, config.split, config.missing == "fill")
    names, label = _header(path), config.label
    if label is None:
        raise OptionError(f"{path} needs --label COLUMN, the column to predict; it has {', '.join(names)}")
    if label not in names:
        raise OptionError(f"{path} has no column {label!r}; it has {', '.join(names)}")
    columns.check(path, names, label)
    features = tuple(column for column in names if column not in (label, columns.split))
    if not features:
        raise FeaturesError(f"{path} has no features: {label!r} is its only column")
    table = _table(path, label, features, columns)
    order, test_rows = _published_split(path, table, columns.split)
    table = table.iloc[order]
    kinds = columns.kinds(path, table, features)
    y = _csv_labels(table[label])
    name = Path(path.name.removesuffix(".gz")).stem
    raw = RawData(
        name, np.zeros((len(table), 0)), y, features, test_rows, label_name=repr(label), order=order
    )
    if columns.filled or set(kinds.values()) != {"number"}:
        return replace(raw, feature_names=None, records=as_records(path, table, kinds, filled=columns.filled))
    x = np.empty((len(table), len(features)), np.float64)
    for index, column in enumerate(features):
        x[:, index] = _numbers(table[column])
    return replace(raw, x=x)


def _published_split(path: Path, table: Any, split: str | None) -> tuple[IntArray, int]:
    """Return the numbers of the rows, those of the test split last, and how many those are."""
    if split is None:
        return np.arange(len(table)), 0
    is_test = (table[split].str.strip() == "test").to_numpy(bool)
    if is_test.all() or not is_test.any():
        held = ", ".join(repr(value) for value in table[split].unique()[:5])
        raise OptionError(
            f"--split was given {split!r}, which holds {held or 'nothing'} in {path}; it must say 'test' "
            "in some rows and something else in others"
        )
    return np.argsort(is_test, kind="stable"), int(is_test.sum())


def _open_text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", newline="", encoding="utf-8-sig")
    return path.open(newline="", encoding="utf-8-sig")


def _header(path: Path) -> list[str]:
    try:
        with _open_text(path) as stream:
            columns = next(csv.reader(stream), [])
    except _UNREADABLE as error:
        raise DataUnreadableError(f"{path} is not a readable .csv file ({error})") from error
    if not columns:
        raise DataUnreadableError(f"{path} is empty; a .csv must begin with a header")
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise DataUnreadableError(f"{path} names more than one column {', '.join(map(repr, repeated))}")
    return columns


def _table(path: Path, label: str, features: tuple[str, ...], columns: Columns) -> Any:
    import pandas as pd

    # A class may well be called "NA" or "None"; only an empty cell has no label. A text may be empty.
    blanks = {
        column: ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"]
        for column in features
        if column not in columns.text
    }
    words = [label, *columns.text, *columns.category, *([columns.split] if columns.split else [])]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else it cuts rows that are too long
            return pd.read_csv(
                path,
                encoding="utf-8-sig",
                dtype=dict.fromkeys(words, str),
                index_col=False,
                keep_default_na=False,
                na_values=blanks,
                low_memory=False,
            )
    except (*_UNREADABLE, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataUnreadableError(f"{path} is not a readable .csv file ({error})") from error


def _numbers(values: Any) -> npt.NDArray[np.float64]:
    import pandas as pd

    return np.asarray(pd.to_numeric(values), np.float64)


def _csv_labels(values: Any) -> npt.NDArray[Any]:
    """Return integers where every label is written as a number, as in 1, -1 or 2.0; else the text itself."""
    import pandas as pd

    text = np.asarray(values.fillna(""), dtype=np.str_)
    text = np.char.strip(text)
    written = text[text != ""]
    digits = np.char.lstrip(written, "+-")
    padded = np.char.startswith(digits, "0") & np.char.isdigit(digits) & (np.char.str_len(digits) > 1)
    if padded.any():
        return text  # 007 is a code, not seven
    numbers = pd.to_numeric(pd.Series(text).replace("", "nan"), errors="coerce").to_numpy(np.float64)
    is_number = np.isfinite(numbers)
    return numbers if is_number[text != ""].all() and is_number.any() else text
