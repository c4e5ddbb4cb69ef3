"""Reads the arrays that people bring, `.npy` and `.npz`. No pickle is ever opened."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from training.config import DataConfig
from training.data.dataset import RawData
from training.data.files.columns import Known
from training.errors import DataUnreadableError, FeaturesError, LabelsError, OptionError, listed

_LAYOUTS = (("",), ("_train", "_test"))  # what ends the names of the arrays in each
_UNREADABLE = (ValueError, EOFError, OSError, zipfile.BadZipFile, UnpicklingError)


def read_npy(path: Path, known: Known) -> RawData:
    """Read a matrix of numbers whose last column is the label; without labels, an array of rows."""
    with path.open("rb") as stream:
        table = _load(path, stream)
    if not isinstance(table, np.ndarray):
        raise DataUnreadableError(f"{path} is a .npz archive under another name; rename it")
    if table.dtype.kind not in "biuf":
        raise FeaturesError(
            f"{path} holds {table.dtype}; a .npy must hold numbers. Text labels need a .npz or a .csv"
        )
    if known.labelled != "yes":
        return _unlabelled(path, table, known)
    if table.ndim != 2 or table.shape[1] < 2:
        raise FeaturesError(
            f"{path} has shape {table.shape}; a .npy must be a matrix of features with the label in its "
            f"last column{known.way_out}"
        )
    return RawData(path.stem, table[:, :-1], table[:, -1], label_name="the last column")


def _unlabelled(path: Path, rows: npt.NDArray[Any], known: Known) -> RawData:
    """Take an array for rows. Where a label would be welcome, one number too many is one."""
    if rows.ndim < 2:
        raise FeaturesError(f"{path} has shape {rows.shape}; a .npy of rows must have one dimension more")
    notes: tuple[str, ...] = ()
    one_more = rows.ndim == 2 and known.shape is not None and rows.shape[1] == prod(known.shape) + 1
    if one_more and known.labelled == "either":
        rows, notes = rows[:, :-1], (f"the last column of {path} was taken for labels, and left out",)
    return RawData(path.stem, rows, np.zeros(len(rows), np.int64), notes=notes, labelled=False)


def read_npz(path: Path, config: DataConfig, known: Known) -> RawData:
    """Read an archive of `x` and `y`, or of `x_train`, `y_train`, `x_test`, `y_test`, as Keras has it.

    `length`, or `length_train` and `length_test`, say how many steps of each sequence are true; what follows
    them is padding. Any other array is refused, unless the config ignores it: it may be a misspelt one.
    """
    labelled = known.labelled == "yes"
    with path.open("rb") as stream:
        archive = _load(path, stream)
        if isinstance(archive, np.ndarray):
            raise DataUnreadableError(f"{path} is a .npy array under another name; rename it")
        parts = _parts(path, archive.files, known)
        _refuse_strangers(path, archive.files, config, known, parts)
        x = [_at_least_1d(path, f"x{part}", _member(path, archive, f"x{part}")) for part in parts]
        y = [np.zeros(len(rows), np.int64) for rows in x]
        if labelled:
            y = [_text(_at_least_1d(path, f"y{part}", _member(path, archive, f"y{part}"))) for part in parts]
        lengths = _lengths(path, archive, parts)
    if len(parts) == 1:
        return RawData(path.stem, x[0], y[0], lengths=lengths, labelled=labelled)
    raw = join_published_split(path.stem, (x[0], y[0]), (x[1], y[1]))
    return replace(raw, lengths=lengths, labelled=labelled)


def _parts(path: Path, held: Collection[str], known: Known) -> tuple[str, ...]:
    """Return what ends the names of the arrays that are there. Raises DataUnreadableError."""
    labelled = known.labelled == "yes"
    for parts in _LAYOUTS:
        if set(_needed(parts, labelled=labelled)) <= set(held):
            return parts
    layouts = [" and ".join(_needed(parts, labelled=labelled)) for parts in _LAYOUTS]
    raise DataUnreadableError(
        f"{path} holds {', '.join(held) or 'nothing'}; it must hold {', or '.join(layouts)}{known.way_out}"
    )


def _needed(parts: Sequence[str], *, labelled: bool) -> list[str]:
    return [f"{array}{part}" for part in parts for array in ("xy" if labelled else "x")]


def _refuse_strangers(
    path: Path, held: Sequence[str], config: DataConfig, known: Known, parts: Sequence[str]
) -> None:
    """Raise DataUnreadableError for an array that nobody would look at, and OptionError for one not there.

    Labels are no strangers where they are welcome, and where there should be none, they are told of.
    """
    absent = [name for name in config.ignore if name not in held]
    if absent and known.labelled != "either":
        raise OptionError(f"{path} has no array {absent[0]!r}, wanted by --ignore; it has {', '.join(held)}")
    read = [*_needed(parts, labelled=known.labelled == "yes"), *(f"length{part}" for part in parts)]
    strange = [name for name in held if name not in read and name not in config.ignore]
    labels = [name for name in strange if name in {f"y{part}" for part in parts}]
    if labels and known.labelled == "no":
        raise OptionError(f"{path} holds {' and '.join(labels)}, and so has labels: leave --unlabelled away")
    strange = [name for name in strange if name not in labels]
    if strange:
        raise DataUnreadableError(
            f"{path} holds {listed(strange)} beside {', '.join(name for name in read if name in held)}; "
            f"of such an archive {', '.join(read)} are read: rename it, or leave it out with --ignore "
            f"{strange[0]}"
        )


def _lengths(path: Path, archive: Any, parts: Sequence[str]) -> npt.NDArray[Any] | None:
    names = [f"length{part}" for part in parts]
    held = [name for name in names if name in archive.files]
    if not held:
        return None
    if len(held) < len(names):
        raise DataUnreadableError(f"{path} holds {held[0]} alone; lengths are {' and '.join(names)}")
    if len(names) == 1:
        return _member(path, archive, names[0])
    lengths = [_at_least_1d(path, name, _member(path, archive, name)) for name in names]
    if any(part.ndim != 1 for part in lengths):
        raise DataUnreadableError(f"{path} has lengths that are not one number a row")
    return np.concatenate(lengths)


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
