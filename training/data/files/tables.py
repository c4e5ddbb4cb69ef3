"""Makes rows and labels of a table, whichever file it came from, and tells what each column was taken for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bundle.fields import Missing, word
from training.config import DataConfig
from training.data.dataset import IntArray, Labels, RawData
from training.data.files import doubts, kinds
from training.data.files.classes import ReadLabels, read_labels
from training.data.files.columns import Columns, Known
from training.data.files.kinds import Cells
from training.data.files.times import ranks
from training.data.files.words import written
from training.data.reading import ColumnReading, taken_for
from training.data.records import FieldKind, Records
from training.data.resolution import merged
from training.data.rows import Column, Rows
from training.errors import DataUnreadableError, OptionError, listed

_SHOWN_MAX = 40  # columns of the table that tells how each was read
_PLACEHOLDER = re.compile(r"Unnamed: \d+|__index_level_\d+__")  # what pandas calls a column without a name


@dataclass(frozen=True)
class Table:
    """A table as it was read: numbers and booleans where a column holds nothing else, words elsewhere."""

    path: Path
    name: str
    cells: Mapping[str, Cells]
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
    path, columns, cells = table.path, table.columns, table.cells
    is_test = None if columns.split is None else _said_to_be_test(path, cells[columns.split], columns.split)
    found = kinds.of_columns(path, cells, columns, config.decimal)
    labelled = columns.label is not None and known.labelled == "yes"
    labels = _labels(table, known, labelled=labelled)
    absent = {columns.label: labels.missing} if columns.label is not None and labelled else {}
    groups = times = None
    if columns.group is not None:
        groups, absent[columns.group] = _groups(cells[columns.group])
    if columns.time is not None:
        times, absent[columns.time] = ranks(path, columns.time, cells[columns.time])
    raw = RawData(
        table.name,
        np.zeros((len(labels.y), 0)),
        labels.y,
        label_name=repr(columns.label),
        order=np.arange(len(labels.y)),
        absent=tuple((repr(name), rows) for name, rows in absent.items()),
        undeclared=tuple(
            name for name, kind in found.items() if kind == "category" and name not in columns.declared
        ),
        groups=groups,
        times=times,
        taken=taken_for(_readings(table, found, labels.y if labelled else None, absent), len(columns.names)),
        notes=(*labels.notes, *doubts.about(cells, columns, found, table.leading_zeros, config.decimal)),
        labelled=labelled,
    )
    raw = _with_features(raw, table, found, config)
    if is_test is None:
        return raw
    return replace(raw.rows(np.argsort(is_test, kind="stable")), test_rows=int(is_test.sum()))


def _labels(table: Table, known: Known, *, labelled: bool) -> ReadLabels:
    """Read the labels of the rows, or zeros in their place where there are none, or nobody will look."""
    label = table.columns.label
    if label is not None and labelled:
        return read_labels(table.cells[label], repr(label), known.labels)
    rows = len(table.cells[table.columns.names[0]])
    return ReadLabels(np.zeros(rows, np.int64), np.zeros(rows, np.bool_))


def _with_features(raw: RawData, table: Table, found: Mapping[str, FieldKind], config: DataConfig) -> RawData:
    if config.missing == "fill" or set(found.values()) != {"number"}:
        treatment: Missing = "filled" if config.missing == "fill" else "refused"
        records, lost = _as_records(table, found, treatment, config.decimal)
        return replace(raw, records=records, notes=(*raw.notes, *lost))
    dtypes = [table.cells[column].dtype for column in found]
    plain = all(dtype.kind in "biuf" for dtype in dtypes)  # else some are words that write numbers
    x = np.empty((len(raw.y), len(found)), np.result_type(*dtypes) if plain else np.float64)
    for index, column in enumerate(found):
        cells = table.cells[column]
        x[:, index] = cells if plain else kinds.floats(table.path, column, cells, config.decimal)
    return replace(raw, x=x, feature_names=tuple(found))


def _said_to_be_test(path: Path, cells: Cells, split: str) -> npt.NDArray[np.bool_]:
    """Return which rows, (n,), the column `split` keeps for the test. Raises OptionError for none, or all."""
    said = [written(cell) for cell in cells]
    is_test = np.array([cell == "test" for cell in said], np.bool_)
    if is_test.all() or not is_test.any():
        held = listed([repr(cell) for cell in dict.fromkeys(said)])
        raise OptionError(
            f"--split was given {split!r}, which holds {held or 'nothing'} in {path}; it must say 'test' "
            "in some rows and something else in others"
        )
    return is_test


def _groups(cells: Cells) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Number the groups of the rows, (n,), and tell which rows are of none."""
    words = [written(cell) for cell in cells]
    _, numbers = np.unique(np.array(words, dtype=object), return_inverse=True)
    return numbers.astype(np.int64), np.array([not one for one in words], np.bool_)


def _as_records(
    table: Table, found: Mapping[str, FieldKind], missing: Missing, decimal: str
) -> tuple[Records, list[str]]:
    """Turn the columns into instances, as clients would send them; a missing value is None.

    Returns also what float32 cannot hold of the numbers among them.
    """
    columns: dict[str, Column] = {}
    lost = []
    for name, kind in found.items():
        cells = table.cells[name]
        if kind == "number":
            columns[name] = read = kinds.numbers(table.path, name, cells, decimal)
            there = read.values[~np.isnan(read.values)]
            lost += [merged(repr(name), there)] if len(there) else []
        else:
            columns[name] = kinds.words(kind, cells, declared=name in table.columns.declared)
    rows = Rows(columns, bare=tuple(found.values()) == ("text",))
    return Records(dict(found), rows, missing), [one for one in lost if one is not None]


def _readings(
    table: Table,
    found: Mapping[str, FieldKind],
    y: Labels | None,
    absent: Mapping[str, npt.NDArray[np.bool_]],
) -> list[ColumnReading]:
    """Tell of the first columns what they were taken for; which rows have none of it is `absent` of some."""
    columns = table.columns
    roles = {columns.label: "label", columns.split: "split", columns.group: "group", columns.time: "time"}
    readings = []
    for name in columns.names[:_SHOWN_MAX]:
        kind = str(roles.get(name) or found.get(name, "ignored"))
        cells: Cells = table.cells[name] if y is None or name != columns.label else y
        there = cells[~absent[name]] if name in absent else cells
        example, distinct, missing = kinds.described(there, declared=name in columns.words)
        missing += len(cells) - len(there)
        readings.append(
            ColumnReading(name, kind, table.leading_zeros.get(name) or example, distinct, missing)
        )
    return readings
