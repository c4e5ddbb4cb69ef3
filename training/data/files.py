"""Reads the files that people bring: `.npy`, `.npz`, `.csv` and `.csv.gz`. No pickle is ever opened."""

from __future__ import annotations

import csv
import gzip
import warnings
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO, TextIO

import numpy as np
import numpy.typing as npt

from training.data.dataset import RawData
from training.data.tables import Columns, as_records
from training.errors import DataUnreadableError, FeaturesError, LabelsError, OptionError

SUFFIXES = (".npy", ".npz", ".csv", ".csv.gz")
TABLES = (".csv", ".csv.gz")

_LAYOUT = "it must hold x and y, or x_train, y_train, x_test and y_test"
_UNREADABLE = (UnicodeDecodeError, csv.Error, EOFError, gzip.BadGzipFile, zlib.error)


def suffix(path: Path) -> str:
    """Return the ending that says what a file is; of a compressed table, both."""
    return "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix


def stem(path: Path) -> str:
    """Return the name of a file without its ending."""
    return path.name.removesuffix(suffix(path)) if suffix(path) in SUFFIXES else path.stem


def read_npy(path: Path) -> RawData:
    """Read a matrix of numbers whose last column is the label."""
    with path.open("rb") as stream:
        table = _load(path, stream)
    if not isinstance(table, np.ndarray):
        raise DataUnreadableError(f"{path} is a .npz archive under another name; rename it")
    if table.ndim != 2 or table.shape[1] < 2:
        raise FeaturesError(
            f"{path} has shape {table.shape}; a .npy must be a matrix of features with the label in its "
            "last column"
        )
    if table.dtype.kind not in "biuf":
        raise FeaturesError(
            f"{path} holds {table.dtype}; a .npy must hold numbers. Text labels need a .npz or a .csv"
        )
    return RawData(path.stem, table[:, :-1], table[:, -1], label_name="the last column")


def read_npz(path: Path) -> RawData:
    """Read an archive of `x` and `y`, or of `x_train`, `y_train`, `x_test`, `y_test`, as Keras has it.

    `length`, or `length_train` and `length_test`, say how many steps of each sequence are true; what follows
    them is padding.
    """
    with path.open("rb") as stream:
        archive = _load(path, stream)
        if isinstance(archive, np.ndarray):
            raise DataUnreadableError(f"{path} is a .npy array under another name; rename it")
        if {"x", "y"} <= set(archive.files):
            x, y = (_at_least_1d(path, name, _member(path, archive, name)) for name in ("x", "y"))
            lengths = _member(path, archive, "length") if "length" in archive.files else None
            return RawData(path.stem, x, _text(y), lengths=lengths)
        names = ("x_train", "y_train", "x_test", "y_test")
        if not set(names) <= set(archive.files):
            held = ", ".join(archive.files) or "nothing"
            raise DataUnreadableError(f"{path} holds {held}; {_LAYOUT}")
        x_train, y_train, x_test, y_test = (
            _at_least_1d(path, name, _member(path, archive, name)) for name in names
        )
        lengths = _split_lengths(path, archive)
    raw = join_published_split(path.stem, (x_train, _text(y_train)), (x_test, _text(y_test)))
    return replace(raw, lengths=lengths)


def _split_lengths(path: Path, archive: Any) -> npt.NDArray[Any] | None:
    names = ("length_train", "length_test")
    held = [name for name in names if name in archive.files]
    if not held:
        return None
    if len(held) == 1:
        raise DataUnreadableError(f"{path} holds {held[0]} alone; lengths are {' and '.join(names)}")
    parts = [_at_least_1d(path, name, _member(path, archive, name)) for name in names]
    if any(part.ndim != 1 for part in parts):
        raise DataUnreadableError(f"{path} has lengths that are not one number a row")
    return np.concatenate(parts)


def join_published_split(
    name: str,
    train: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    test: tuple[npt.NDArray[Any], npt.NDArray[Any]],
) -> RawData:
    """Put test rows behind training rows; `test_rows` says where they begin."""
    for part, (x, y) in (("train", train), ("test", test)):
        if len(x) != len(y):
            raise LabelsError(f"{name} has {len(x)} rows and {len(y)} labels to {part}; they must be equal")
    if train[0].shape[1:] != test[0].shape[1:]:
        raise FeaturesError(
            f"{name} has training rows of shape {train[0].shape[1:]} and test rows of {test[0].shape[1:]}"
        )
    if len(test[0]) == 0:
        raise FeaturesError(f"{name} has a test split without rows")
    x, y = (np.concatenate(pair) for pair in zip(train, test, strict=True))
    return RawData(name, x, y, test_rows=len(test[0]))


def read_csv(path: Path, label: str | None, columns: Columns | None = None) -> RawData:
    """Read a table with a header. Where every column but `label` holds numbers, rows are vectors.

    Where one holds words, or values are to be filled in, rows are records.
    """
    columns = columns or Columns()
    names = _header(path)
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
    raw = RawData(
        stem(path), np.zeros((len(table), 0)), y, features, test_rows, label_name=repr(label), order=order
    )
    if columns.filled or set(kinds.values()) != {"number"}:
        return replace(raw, feature_names=None, records=as_records(path, table, kinds, filled=columns.filled))
    x = np.empty((len(table), len(features)), np.float64)
    for index, column in enumerate(features):
        x[:, index] = _numbers(table[column])
    return replace(raw, x=x)


def _published_split(path: Path, table: Any, split: str | None) -> tuple[npt.NDArray[np.int64], int]:
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


def _load(path: Path, stream: BinaryIO) -> Any:
    try:
        return np.load(stream, allow_pickle=False)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, UnpicklingError) as error:
        raise DataUnreadableError(_why_unreadable(path, error)) from error


def _member(path: Path, archive: Any, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(archive[name])
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, UnpicklingError) as error:
        raise DataUnreadableError(f"{name} in {_why_unreadable(path, error)}") from error


def _why_unreadable(path: Path, error: Exception) -> str:
    if "pickle" in str(error):
        return f"{path} holds Python objects, which could run any code; save plain numbers or strings instead"
    return f"{path} is not a readable {path.suffix} file ({error})"


def _at_least_1d(path: Path, name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.ndim == 0:
        raise DataUnreadableError(f"{name} in {path} is a single value, not an array")
    return array


def _text(y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.char.decode(y, "utf-8") if y.dtype.kind == "S" else y


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
