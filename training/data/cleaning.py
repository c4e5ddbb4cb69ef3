"""Turns what a reader found into a `Dataset`: finite float32 rows, and labels that are classes."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from shlex import quote
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from training.config import Kind, Missing
from training.data.dataset import Dataset, RawData
from training.data.imported.shape import tensor_spec
from training.data.index import counts_rows
from training.data.labels import classes
from training.data.reading import labels_taken_for, rows_taken_for
from training.data.records import Records
from training.data.resolution import merged_features
from training.errors import FeaturesError, LabelsError, MissingValuesError, OptionError, listed

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_CHANNELS_MAX = 4  # of an image: grey, colour, and how much shows through


def clean(
    raw: RawData,
    *,
    kind: Kind | None = None,
    missing: Missing = "error",
    shape: tuple[int, ...] | None = None,
) -> Dataset:
    """Check and convert what a reader found; rows of a model that somebody else made have its `shape`.

    Raises FeaturesError, LabelsError or MissingValuesError, naming the columns; and OptionError for a `kind`
    that the rows cannot be.
    """
    if len(raw.x) == 0:
        raise FeaturesError(f"{raw.name} has no rows")
    if shape is not None:
        spec = tensor_spec(raw, kind, shape)
    elif raw.records is not None:
        return _clean_records(raw, raw.records, kind, missing)
    else:
        spec = _input_spec(raw, kind)
    _refuse_what_is_not_a_number(raw)
    if raw.y.shape == (len(raw.y), 1):
        raw = replace(raw, y=raw.y[:, 0])
    if raw.y.ndim != 1 or len(raw.y) != len(raw.x):
        raise LabelsError(
            f"{raw.name} has x of shape {raw.x.shape} and labels of shape {raw.y.shape}; "
            f"there must be one label a row, shape ({len(raw.x)},)"
        )
    raw = _without_padding(raw)
    holes = np.isnan(raw.x) if raw.x.dtype.kind == "f" else np.zeros(raw.x.shape, np.bool_)
    holes = holes.reshape(len(raw.x), -1)  # (n, features)
    columns = [raw.column_name(int(column)) for column in np.flatnonzero(holes.any(axis=0))]
    absent, named = _absent(raw)
    raw, notes = _without_missing(raw, holes.any(axis=1) | absent, [*columns, *named], missing)
    rows, y = _to_float32(raw), classes(raw)
    lost = merged_features(raw.name, raw.x.reshape(len(raw.x), -1), rows, raw.column_name)
    return Dataset(
        raw.name,
        rows,
        y,
        spec,
        raw.test_rows,
        (*raw.notes, *notes, *lost, *_doubts(raw, kind, spec)),
        raw.lengths if spec.padded else None,
        groups=raw.groups,
        times=raw.times,
        taken=(*raw.taken, rows_taken_for(raw.name, spec, y, labelled=raw.labelled)),
        stored=str(raw.x.dtype),
    )


def _clean_records(raw: RawData, records: Records, kind: Kind | None, missing: Missing) -> Dataset:
    if kind is not None:
        raise OptionError(f"--kind {kind} was given, but the rows of {raw.name} are texts or objects")
    holes = records.holes()
    absent, named = _absent(raw)
    columns = sorted({*holes, *named})
    bad = np.logical_or.reduce([absent, *holes.values()])
    raw, notes = _without_missing(raw, bad, columns, "drop" if missing == "drop" else "error")
    spec = InputSpec(kind="vector", shape=(1,))  # until the rows are encoded
    y = classes(raw)
    return Dataset(
        raw.name,
        np.zeros((len(y), 0), np.float32),
        y,
        spec,
        raw.test_rows,
        (*raw.notes, *notes),
        records=raw.records,
        groups=raw.groups,
        times=raw.times,
        taken=(*raw.taken, f"{raw.name}: {len(y):,} rows, {labels_taken_for(y)}"),
        stored="object",
    )


def _input_spec(raw: RawData, kind: Kind | None) -> InputSpec:
    shape = raw.x.shape[1:]
    if not 1 <= len(shape) <= 3:
        raise FeaturesError(
            f"{raw.name} has x of shape {raw.x.shape}; x must be (n, features), (n, height, width), "
            "(n, height, width, channels) or (n, steps, coefficients)"
        )
    if prod(shape) == 0:
        raise FeaturesError(f"{raw.name} has no features: x has shape {raw.x.shape}")
    resolved = kind or _natural_kind(raw.x)
    if resolved == "vector":
        shape = (prod(shape),)
    elif resolved == "sequence" and len(shape) == 1:
        shape = (*shape, 1)  # one number a step
    allowed = {"vector": {1}, "image": {2, 3}, "sequence": {2}}[resolved]
    if len(shape) not in allowed:
        raise OptionError(f"{raw.name} has x of shape {raw.x.shape}, which cannot be of kind {resolved!r}")
    if kind is None and len(shape) == 3 and shape[0] <= _CHANNELS_MAX < shape[2]:
        raise FeaturesError(
            f"{raw.name} has x of shape {raw.x.shape}, which looks like channels before height and width: "
            "move them to the end, as x.transpose(0, 2, 3, 1) does, or give --kind image where "
            f"{shape[0]} is the height"
        )
    if raw.lengths is not None and resolved != "sequence":
        raise OptionError(
            f"{raw.name} has lengths, which only sequences have; it cannot be of kind {resolved!r}"
        )
    return InputSpec(
        kind=resolved, shape=shape, feature_names=raw.feature_names, padded=raw.lengths is not None
    )


def _natural_kind(x: npt.NDArray[Any]) -> Kind:
    if x.ndim == 2:
        return "vector"
    return "image" if x.ndim == 4 or x.dtype.kind in "iu" else "sequence"


def _refuse_what_is_not_a_number(raw: RawData) -> None:
    if raw.x.dtype.kind not in "biuf":
        raise FeaturesError(f"{raw.name} has x of type {raw.x.dtype}; features must be real numbers")
    if raw.y.dtype.kind not in "biufU":
        raise LabelsError(f"{raw.name} has labels of type {raw.y.dtype}; they must be integers or strings")


def _without_padding(raw: RawData) -> RawData:
    """Put zeros after the true steps of each sequence, whatever filled it up."""
    if raw.lengths is None:
        return raw
    steps, lengths = raw.x.shape[1], raw.lengths
    if lengths.shape != (len(raw.x),) or lengths.dtype.kind not in "iu":
        raise FeaturesError(
            f"{raw.name} has lengths of type {lengths.dtype} and shape {lengths.shape}; there must be "
            f"one whole number a row, shape ({len(raw.x)},)"
        )
    wrong = np.flatnonzero((lengths < 1) | (lengths > steps))
    if len(wrong):
        raise FeaturesError(
            f"{raw.name} has a length of {lengths[wrong[0]]} in row {wrong[0]}; it must be from 1 to {steps}"
        )
    true = np.arange(steps)[None] < lengths[:, None].astype(np.int64)  # (n, steps)
    x = np.where(true.reshape(true.shape + (1,) * (raw.x.ndim - 2)), raw.x, raw.x.dtype.type(0))
    return replace(raw, x=x, lengths=lengths.astype(np.int64))


def _without_missing(
    raw: RawData, bad: npt.NDArray[np.bool_], columns: list[str], missing: Missing
) -> tuple[RawData, tuple[str, ...]]:
    """Leave out the rows that are `bad`, (n,), for want of a value in `columns`, and note it."""
    if not bad.any():
        return raw, ()
    _check_missing(raw, bad, columns, missing)
    note = f"dropped {bad.sum()} of {len(bad)} rows with missing values in {listed(columns)}"
    return raw.without(bad), (note,)


def _check_missing(raw: RawData, bad: npt.NDArray[np.bool_], columns: list[str], missing: Missing) -> None:
    """Raise MissingValuesError where the rows that are `bad` are not to be dropped, or none would be left."""
    if missing != "drop":
        first = np.flatnonzero(bad)[0] if raw.order is None else raw.order[bad].min()
        if raw.label_name in columns:
            advice = "a model cannot fill in labels: write them down, or drop these rows with --missing drop"
        elif set(columns) & {name for name, _ in raw.absent}:
            advice = "rows are split by it: write it down, or drop these rows with --missing drop"
        else:
            advice = "fill them in, or drop these rows with --missing drop"
            advice += "" if raw.order is None else ", or fill them in with --missing fill"
            advice += _of_words(raw, columns)
        raise MissingValuesError(
            f"{raw.name} has missing values in {bad.sum()} of {len(bad)} rows, first in row "
            f"{first} (counted from 0), in {listed(columns)}; {advice}"
        )
    if bad.all():
        raise MissingValuesError(
            f"{raw.name} has missing values in every row, in {listed(columns)}: none is left"
        )


def _absent(raw: RawData) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Return which rows, (n,), lack a label or what else cannot be filled in, and the columns of it."""
    absent = list(raw.absent)
    if raw.y.dtype.kind == "f":
        absent.append((raw.label_name, np.isnan(raw.y)))
    elif raw.y.dtype.kind == "U":
        absent.append((raw.label_name, np.char.str_len(np.char.strip(raw.y)) == 0))
    missing = np.zeros(len(raw.y), np.bool_)
    for _, rows in absent:
        missing |= rows
    return missing, list(dict.fromkeys(name for name, rows in absent if rows.any()))


def _to_float32(raw: RawData) -> FloatArray:
    flat = raw.x.reshape(len(raw.x), -1)
    with np.errstate(over="ignore"):  # what overflows is reported below, by name
        rows = np.ascontiguousarray(flat, np.float32)
    if not np.isfinite(rows).all():
        bad = np.argwhere(~np.isfinite(rows))
        row, column = bad[0]
        raise FeaturesError(
            f"{raw.name} has {len(bad)} values that are infinite or beyond float32 (±{_FLOAT32_MAX:.2e}), "
            f"first {flat[row, column]} in row {row}, {raw.column_name(column)}"
        )
    return rows


def _of_words(raw: RawData, columns: list[str]) -> str:
    """Say what to do where a missing value is none, but a word such as NA."""
    words = [name for name in columns if name in raw.undeclared]
    return f"; where NA is a word, as that country is, give --category {quote(words[0])}" if words else ""


def _doubts(raw: RawData, kind: Kind | None, spec: InputSpec) -> tuple[str, ...]:
    """Say what may have been taken for something else; of a table, its reader has said it."""
    if spec.kind == "vector" and raw.x.ndim == 2 and raw.feature_names is None:
        index = [f"feature {place}" for place, column in enumerate(raw.x.T) if counts_rows(column)]
        note = f"{listed(index)} has another whole number in each row, as an index has: leave it out"
        return (note,) if index else ()
    if kind is not None or raw.x.ndim != 3 or spec.kind != "sequence" or raw.lengths is not None:
        return ()
    sizes = " x ".join(map(str, raw.x.shape[1:]))
    note = f"rows of {sizes} {raw.x.dtype} were taken for sequences: say --kind sequence, or --kind image"
    return (note,)
