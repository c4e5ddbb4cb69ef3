"""Reads the arrays that people bring, `.npy` and `.npz`. No pickle is ever opened."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from training.config import DataConfig
from training.data.dataset import RawData
from training.errors import DataUnreadableError, FeaturesError, LabelsError, OptionError, listed

_LAYOUT = "it must hold x and y, or x_train, y_train, x_test and y_test"
_LAYOUTS = (  # two thirds of each must be there; the rest, lengths, may be
    ("x", "y", "length"),
    ("x_train", "y_train", "x_test", "y_test", "length_train", "length_test"),
)
_UNREADABLE = (ValueError, EOFError, OSError, zipfile.BadZipFile, UnpicklingError)


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


def read_npz(path: Path, config: DataConfig) -> RawData:
    """Read an archive of `x` and `y`, or of `x_train`, `y_train`, `x_test`, `y_test`, as Keras has it.

    `length`, or `length_train` and `length_test`, say how many steps of each sequence are true; what follows
    them is padding. Any other array is refused, unless the config ignores it: it may be a misspelt one.
    """
    with path.open("rb") as stream:
        archive = _load(path, stream)
        if isinstance(archive, np.ndarray):
            raise DataUnreadableError(f"{path} is a .npy array under another name; rename it")
        _refuse_strangers(path, archive.files, config.ignore)
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


def _refuse_strangers(path: Path, held: Sequence[str], ignored: Sequence[str]) -> None:
    """Raise DataUnreadableError for an array that nobody would look at, and OptionError for one not there."""
    absent = [name for name in ignored if name not in held]
    if absent:
        raise OptionError(f"{path} has no array {absent[0]!r}, wanted by --ignore; it has {', '.join(held)}")
    layout = next((names for names in _LAYOUTS if set(names[: len(names) * 2 // 3]) <= set(held)), None)
    strange = [name for name in held if name not in (layout or held) and name not in ignored]
    if layout and strange:
        raise DataUnreadableError(
            f"{path} holds {listed(strange)} beside {', '.join(name for name in layout if name in held)}; "
            f"of such an archive {', '.join(layout)} are read: rename it, or leave it out with --ignore "
            f"{strange[0]}"
        )


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


def _load(path: Path, stream: BinaryIO) -> Any:
    try:
        return np.load(stream, allow_pickle=False)
    except _UNREADABLE as error:
        raise DataUnreadableError(_why_unreadable(path, error)) from error


def _member(path: Path, archive: Any, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(archive[name])
    except _UNREADABLE as error:
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
    """Return labels of bytes as the text that they are in UTF-8. Raises LabelsError where they are none."""
    if y.dtype.kind != "S":
        return y
    try:
        return np.char.decode(y, "utf-8")
    except UnicodeDecodeError as error:
        raise LabelsError(
            f"the labels hold the bytes {error.object!r}, which are not text in UTF-8; save them as strings"
        ) from error
