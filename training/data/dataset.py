"""What a data set is: as a reader found it, and as a classifier can be trained on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from training.data.records import Records
from training.errors import FeaturesError, LabelsError, listed

ROWS_PER_CLASS_MIN = 5  # one to test, one to validate, and three to learn from

_LABELS_AT_ONCE = 100_000

IntArray = npt.NDArray[np.int64]
Labels = IntArray | npt.NDArray[np.str_]


@dataclass(frozen=True)
class RawData:
    """Rows and labels as a reader found them, in whatever type they had."""

    name: str
    x: npt.NDArray[Any]  # (n, ...)
    y: npt.NDArray[Any]  # (n,)
    feature_names: tuple[str, ...] | None = None
    test_rows: int = 0
    label_name: str = "y"
    lengths: npt.NDArray[Any] | None = None  # (n,): steps of each sequence that are no padding
    records: Records | None = None
    """The rows, where they are texts or objects; `x` then has no columns."""
    order: IntArray | None = None  # (n,): where each row stood in the file
    absent: tuple[tuple[str, npt.NDArray[np.bool_]], ...] = ()
    """Columns that no model can fill in, the label first, and which rows, (n,), have no value in each."""
    undeclared: tuple[str, ...] = ()
    """Categories that nobody declared to be such: NA is a missing value in them, and no word."""
    groups: IntArray | None = None  # (n,): which rows belong together
    times: IntArray | None = None  # (n,): in which order the rows came about
    taken: tuple[str, ...] = ()
    """What the columns were taken for, in lines to be shown."""
    notes: tuple[str, ...] = ()
    """What the user should look at twice."""
    labelled: bool = True
    """Whether anything was said of the rows; where nothing was, `y` is zeros, to be looked at by nobody."""

    def column_name(self, column: int) -> str:
        """Return what messages call a column of `x`, its rows laid out flat."""
        return repr(self.feature_names[column]) if self.feature_names else f"feature {column}"

    def without(self, bad: npt.NDArray[np.bool_]) -> RawData:
        """Leave out the rows that are `bad`, (n,)."""
        left = self.test_rows - int(bad[len(bad) - self.test_rows :].sum())
        return replace(self.rows(np.flatnonzero(~bad)), test_rows=left)

    def rows(self, kept: IntArray) -> RawData:
        """Return the rows of these numbers, (m,), in their order."""
        records = self.records
        return replace(
            self,
            x=self.x[kept],
            y=self.y[kept],
            lengths=None if self.lengths is None else self.lengths[kept],
            records=None if records is None else replace(records, instances=records.take(kept)),
            order=None if self.order is None else self.order[kept],
            groups=None if self.groups is None else self.groups[kept],
            times=None if self.times is None else self.times[kept],
            absent=tuple((name, rows[kept]) for name, rows in self.absent),
        )


@dataclass(frozen=True)
class Dataset:
    """Finite float32 rows, and labels that are classes. `clean` makes it, of a `RawData`."""

    name: str
    x: FloatArray  # (n, features), raw
    y: Labels  # (n,), in the type that the data had
    input: InputSpec
    test_rows: int = 0
    """The last so many rows are the test split that was published with the data; 0 where none was."""
    notes: tuple[str, ...] = ()
    """What was done to the data, and its user should know."""
    lengths: IntArray | None = None  # (n,): true steps of each sequence, where it was said
    records: Records | None = None
    """The rows, where they are texts or objects, to be encoded when it is known which of them train."""
    groups: IntArray | None = None  # (n,): which rows belong together
    times: IntArray | None = None  # (n,): in which order the rows came about
    taken: tuple[str, ...] = ()
    """What the rows were taken for, in lines to be shown."""
    stored: str = "float32"
    """The type that the numbers had in the file, as NumPy calls it."""

    @property
    def sha256(self) -> str:
        """Digest of shape, rows and labels, however they were stored."""
        digest = _digest(self.x, f"{self.y.dtype.kind} {self.test_rows}")
        for start in range(0, len(self.y), _LABELS_AT_ONCE):
            labels = map(str, self.y[start : start + _LABELS_AT_ONCE].tolist())
            digest.update(("\0" * bool(start) + "\0".join(labels)).encode())
        if self.records is not None:
            digest.update(self.records.sha256.encode())
        return digest.hexdigest()

    @property
    def labels(self) -> tuple[int, ...] | tuple[str, ...]:
        """The classes, sorted."""
        return tuple(distinct(self.y).tolist())


@dataclass(frozen=True)
class Unlabelled:
    """Finite float32 rows, of which nobody said what they are, or nobody was asked."""

    name: str
    x: FloatArray  # (n, features), raw
    input: InputSpec
    stored: str
    """The type that the numbers had in the file, as NumPy calls it."""
    test_rows: int = 0
    """The last so many rows were published as a test split."""
    notes: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of shape and rows, however they were stored."""
        return _digest(self.x, f"without labels {self.test_rows}").hexdigest()

    def answered(self, y: Labels) -> Dataset:
        """Return the rows as a data set whose labels, (n,), are what somebody answered to them."""
        return Dataset(
            self.name,
            self.x,
            y,
            self.input,
            self.test_rows,
            self.notes,
            taken=self.taken,
            stored=self.stored,
        )


def _digest(rows: FloatArray, said: str) -> hashlib._Hash:
    digest = hashlib.sha256(f"{rows.shape} {said}".encode())
    digest.update(np.ascontiguousarray(rows, "<f4").data)
    return digest


def distinct(y: Labels) -> Labels:
    """Return the different labels of `y`, (n,), sorted; a few at a time, since words take much room."""
    starts = range(0, max(1, len(y)), _LABELS_AT_ONCE)
    blocks: list[Any] = [np.unique(y[start : start + _LABELS_AT_ONCE]) for start in starts]
    found: Labels = np.unique(np.concatenate(blocks))
    return found


def require_trainable(data: Dataset) -> None:
    """Raise LabelsError or FeaturesError where there is nothing to learn, or too little to learn it from."""
    labels = distinct(data.y)
    counts = np.bincount(np.searchsorted(labels, data.y))
    if len(labels) < 2:
        raise LabelsError(
            f"{data.name} has one class only, {labels.tolist()[0]!r}; a classifier needs two or more"
        )
    few = np.flatnonzero(counts < ROWS_PER_CLASS_MIN)
    if len(few):
        named = listed([f"{labels[one].item()!r} ({counts[one]})" for one in few])
        raise LabelsError(
            f"{data.name} has too few rows of class {named}; each needs at least {ROWS_PER_CLASS_MIN}"
        )
    if data.records is None and (data.x == data.x[0]).all():
        raise FeaturesError(f"{data.name}: every feature is constant, so nothing can be learnt")
