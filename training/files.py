"""Reads the files that people bring: `.npy`, `.npz` and `.csv`. No pickle is ever opened."""

from __future__ import annotations

import csv
import warnings
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from training.dataset import RawData
from training.errors import DataUnreadableError, FeaturesError, LabelsError, OptionError

SUFFIXES = (".npy", ".npz", ".csv")

_LAYOUT = "it must hold x and y, or x_train, y_train, x_test and y_test"


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
    """Read an archive of `x` and `y`, or of `x_train`, `y_train`, `x_test`, `y_test`, as Keras has it."""
    with path.open("rb") as stream:
        archive = _load(path, stream)
        if isinstance(archive, np.ndarray):
            raise DataUnreadableError(f"{path} is a .npy array under another name; rename it")
        if {"x", "y"} <= set(archive.files):
            x, y = (_member(path, archive, name) for name in ("x", "y"))
            return RawData(path.stem, _at_least_1d(path, "x", x), _text(_at_least_1d(path, "y", y)))
        names = ("x_train", "y_train", "x_test", "y_test")
        if not set(names) <= set(archive.files):
            held = ", ".join(archive.files) or "nothing"
            raise DataUnreadableError(f"{path} holds {held}; {_LAYOUT}")
        x_train, y_train, x_test, y_test = (
            _at_least_1d(path, name, _member(path, archive, name)) for name in names
        )
    return join_published_split(path.stem, (x_train, _text(y_train)), (x_test, _text(y_test)))


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


def read_csv(path: Path, label: str | None) -> RawData:
    """Read a table with a header; every column but `label` must hold numbers."""
    columns = _header(path)
    if label is None:
        raise OptionError(f"{path} needs --label COLUMN, the column to predict; it has {', '.join(columns)}")
    if label not in columns:
        raise OptionError(f"{path} has no column {label!r}; it has {', '.join(columns)}")
    features = tuple(column for column in columns if column != label)
    if not features:
        raise FeaturesError(f"{path} has no features: {label!r} is its only column")
    table = _table(path, label, features)
    x = np.empty((len(table), len(features)), np.float64)
    for index, column in enumerate(features):
        x[:, index] = _numbers(path, column, table[column])
    return RawData(path.stem, x, _csv_labels(table[label]), features, label_name=repr(label))


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


def _header(path: Path) -> list[str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            columns = next(csv.reader(stream), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataUnreadableError(f"{path} is not a readable .csv file ({error})") from error
    if not columns:
        raise DataUnreadableError(f"{path} is empty; a .csv must begin with a header")
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated:
        raise DataUnreadableError(f"{path} names more than one column {', '.join(map(repr, repeated))}")
    return columns


def _table(path: Path, label: str, features: tuple[str, ...]) -> Any:
    import pandas as pd

    # A class may well be called "NA" or "None"; only an empty cell has no label.
    blanks = {column: ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "?"] for column in features}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else it cuts rows that are too long
            return pd.read_csv(
                path,
                encoding="utf-8-sig",
                dtype={label: str},
                index_col=False,
                keep_default_na=False,
                na_values=blanks,
                low_memory=False,
            )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataUnreadableError(f"{path} is not a readable .csv file ({error})") from error


def _numbers(path: Path, column: str, values: Any) -> npt.NDArray[np.float64]:
    import pandas as pd

    if values.dtype.kind in "biuf":
        return np.asarray(values, np.float64)
    numbers = pd.to_numeric(values, errors="coerce")
    words = values[numbers.isna() & values.notna()]
    if len(words):
        raise FeaturesError(
            f"{path} has {str(words.iloc[0])!r} in column {column!r}, row {words.index[0]} (counted from 0); "
            "features must be numbers: leave the column out, or encode it"
        )
    return np.asarray(numbers, np.float64)


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
