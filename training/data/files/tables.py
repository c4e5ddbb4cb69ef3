"""Makes rows and labels of a table, whichever file it came from, and tells what each column was taken for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bundle.fields import Missing, word
from training.config import DataConfig
from training.data.dataset import IntArray, RawData
from training.data.files import doubts, kinds
from training.data.files.classes import read_labels
from training.data.files.columns import Columns, Known
from training.data.files.times import ranks
from training.data.reading import ColumnReading, taken_for
from training.data.records import FieldKind, Instance, Records
from training.data.resolution import merged
from training.errors import DataUnreadableError, OptionError, listed

_SHOWN_MAX = 40  # columns of the table that tells how each was read
_PLACEHOLDER = re.compile(r"Unnamed: \d+|__index_level_\d+__")  # what pandas calls a column without a name


@dataclass(frozen=True)
class Table:
    """A table as it was read: numbers and booleans where a column holds nothing else, words elsewhere."""

    path: Path
    name: str
    frame: Any
    """A pandas DataFrame."""
    columns: Columns
    leading_zeros: Mapping[str, str] = field(default_factory=dict)
    """Columns of numbers that hold a code such as 007, and one of each."""


def names_of(path: Path, header: Sequence[object]) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and those that only pandas or their places name.

    A column without any is called `column 1`, or whichever it is. Raises DataUnreadableError where two have
    the same name.
    """
    given = ["" if name is None else word(str(name)) for name in header]
    names = [name or f"column {place}" for place, name in enumerate(given, 1)]
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise DataUnreadableError(
            f"{path} names more than one column {listed([repr(name) for name in repeated])}"
        )
    nameless = [
        name for name, there in zip(names, given, strict=True) if not there or _PLACEHOLDER.fullmatch(there)
    ]
    return names, nameless


def as_raw(table: Table, config: DataConfig, known: Known) -> RawData:
    """Return rows and labels. Where every feature is a number, rows are vectors.

    Where one is not, or values are to be filled in, rows are records. Raises DataError or OptionError.
    """
    path, columns = table.path, table.columns
    order, test_rows = _published_split(path, table.frame, columns.split)
    frame = table.frame if columns.split is None else table.frame.iloc[order]
    found = kinds.of_columns(path, frame, columns)
    labels = read_labels(frame[columns.label], repr(columns.label), known.labels)
    missing = [(repr(columns.label), labels.missing)]
    groups = times = None
    if columns.group is not None:
        groups, absent = _groups(frame[columns.group])
        missing.append((repr(columns.group), absent))
    if columns.time is not None:
        times, absent = ranks(path, columns.time, frame[columns.time])
        missing.append((repr(columns.time), absent))
    raw = RawData(
        table.name,
        np.zeros((len(frame), 0)),
        labels.y,
        test_rows=test_rows,
        label_name=repr(columns.label),
        order=order,
        absent=tuple(missing),
        groups=groups,
        times=times,
        taken=taken_for(_readings(table, found), len(columns.names)),
        notes=(*labels.notes, *doubts.about(frame, columns, found, table.leading_zeros)),
    )
    if config.missing == "fill" or set(found.values()) != {"number"}:
        treatment: Missing = "filled" if config.missing == "fill" else "refused"
        records, lost = _as_records(table, frame, found, treatment, config.decimal)
        return replace(raw, records=records, notes=(*raw.notes, *lost))
    x = np.empty((len(frame), len(found)), np.float64)
    for index, column in enumerate(found):
        x[:, index] = kinds.floats(path, column, frame[column], config.decimal)
    return replace(raw, x=x, feature_names=tuple(found))


def _published_split(path: Path, frame: Any, split: str | None) -> tuple[IntArray, int]:
    """Return the numbers of the rows, those of the test split last, and how many those are."""
    if split is None:
        return np.arange(len(frame)), 0
    said = [word(cell) for cell in frame[split]]
    is_test = np.array([cell == "test" for cell in said], np.bool_)
    if is_test.all() or not is_test.any():
        held = listed([repr(cell) for cell in dict.fromkeys(said)])
        raise OptionError(
            f"--split was given {split!r}, which holds {held or 'nothing'} in {path}; it must say 'test' "
            "in some rows and something else in others"
        )
    return np.argsort(is_test, kind="stable"), int(is_test.sum())


def _groups(cells: Any) -> tuple[IntArray, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Number the groups of the rows, (n,), and tell which rows are of none."""
    words = [word(cell) for cell in cells]
    _, numbers = np.unique(np.array(words, dtype=object), return_inverse=True)
    return numbers.astype(np.int64), np.array([not one for one in words], np.bool_)


def _as_records(
    table: Table, frame: Any, found: Mapping[str, FieldKind], missing: Missing, decimal: str
) -> tuple[Records, list[str]]:
    """Turn the columns into instances, as clients would send them; a missing value is None.

    Returns also what float32 cannot hold of the numbers among them.
    """
    declared = table.columns.declared
    columns, lost = [], []
    for name, kind in found.items():
        if kind == "number":
            read = kinds.floats(table.path, name, frame[name], decimal)
            columns.append(kinds.as_json(table.path, name, frame.index, read))
            there = read[~np.isnan(read)]
            lost += [merged(repr(name), there)] if len(there) else []
        else:
            columns.append(kinds.words(kind, frame[name], declared=name in declared))
    rows = zip(*columns, strict=True)
    instances: list[Instance]
    if tuple(found.values()) == ("text",):
        instances = [text for (text,) in rows]
    else:
        instances = [dict(zip(found, row, strict=True)) for row in rows]
    return Records(dict(found), instances, missing), [one for one in lost if one is not None]


def _readings(table: Table, found: Mapping[str, FieldKind]) -> list[ColumnReading]:
    """Tell of the first columns what they were taken for."""
    columns = table.columns
    roles = {columns.label: "label", columns.split: "split", columns.group: "group"}
    roles |= {columns.time: "time"}
    readings = []
    for name in columns.names[:_SHOWN_MAX]:
        kind = str(roles.get(name) or found.get(name, "ignored"))
        example, distinct, missing = kinds.described(table.frame[name], declared=name in columns.words)
        readings.append(
            ColumnReading(name, kind, table.leading_zeros.get(name) or example, distinct, missing)
        )
    return readings
