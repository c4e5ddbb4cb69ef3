"""A data set that has been looked at: finite float32 rows, and labels that are classes.

The readers give a `RawData`, as it lay in the file. `clean` turns it into a `Dataset` or says why it cannot.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from training.config import Kind, Missing
from training.data.records import Records
from training.errors import FeaturesError, LabelsError, MissingValuesError, OptionError

ROWS_PER_CLASS_MIN = 5  # one to test, one to validate, and three to learn from

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_NAMED_MAX = 5  # columns that one message names

Labels = npt.NDArray[np.int64] | npt.NDArray[np.str_]


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
    order: npt.NDArray[np.int64] | None = None  # (n,): where each row stood in the file


@dataclass(frozen=True)
class Dataset:
    """Rows that a classifier can be trained on or scored with. `clean` makes it."""

    name: str
    x: FloatArray  # (n, features), raw
    y: Labels  # (n,), in the type that the data had
    input: InputSpec
    test_rows: int = 0
    """The last so many rows are the test split that was published with the data; 0 where none was."""
    notes: tuple[str, ...] = ()
    """What was done to the data, and its user should know."""
    lengths: npt.NDArray[np.int64] | None = None  # (n,): true steps of each sequence, where it was said
    records: Records | None = None
    """The rows, where they are texts or objects, to be encoded when it is known which of them train."""

    @property
    def sha256(self) -> str:
        """Digest of shape, rows and labels, however they were stored."""
        digest = hashlib.sha256(f"{self.x.shape} {self.y.dtype.kind} {self.test_rows}".encode())
        digest.update(np.ascontiguousarray(self.x, "<f4").data)
        digest.update("\0".join(map(str, self.y.tolist())).encode())
        if self.records is not None:
            digest.update(self.records.sha256.encode())
        return digest.hexdigest()

    @property
    def labels(self) -> tuple[int, ...] | tuple[str, ...]:
        """The classes, sorted."""
        return tuple(np.unique(self.y).tolist())


def clean(raw: RawData, *, kind: Kind | None = None, missing: Missing = "error") -> Dataset:
    """Check and convert what a reader found.

    Raises FeaturesError, LabelsError or MissingValuesError, naming the columns; and OptionError for a `kind`
    that the rows cannot be.
    """
    if len(raw.x) == 0:
        raise FeaturesError(f"{raw.name} has no rows")
    if raw.records is not None:
        return _clean_records(raw, raw.records, kind, missing)
    spec = _input_spec(raw, kind)
    _refuse_what_is_not_a_number(raw)
    if raw.y.shape == (len(raw.y), 1):
        raw = replace(raw, y=raw.y[:, 0])
    if raw.y.ndim != 1 or len(raw.y) != len(raw.x):
        raise LabelsError(
            f"{raw.name} has x of shape {raw.x.shape} and labels of shape {raw.y.shape}; "
            f"there must be one label a row, shape ({len(raw.x)},)"
        )
    raw = _without_padding(raw, spec)
    flat = raw.x.reshape(len(raw.x), -1)
    raw, flat, notes = _without_missing(raw, flat, missing)
    rows = _to_float32(raw, flat)
    return Dataset(raw.name, rows, _classes(raw), spec, raw.test_rows, notes, raw.lengths)


def _clean_records(raw: RawData, records: Records, kind: Kind | None, missing: Missing) -> Dataset:
    if kind is not None:
        raise OptionError(f"--kind {kind} was given, but the rows of {raw.name} are texts or objects")
    holes = records.holes()
    for row, label_is_missing in enumerate(_missing_labels(raw.y)):
        holes[row] += [raw.label_name] * bool(label_is_missing)
    bad = np.array([bool(names) for names in holes])
    columns = sorted({name for names in holes for name in names})
    _check_missing(raw, bad, columns, "drop" if missing == "drop" else "error")
    notes = (_dropped(bad, columns),) if bad.any() else ()
    kept = replace(records, instances=records.take(np.flatnonzero(~bad).tolist()))
    test_rows = raw.test_rows - int(bad[len(bad) - raw.test_rows :].sum())
    spec = InputSpec(kind="vector", shape=(1,))  # until the rows are encoded
    raw = replace(raw, y=raw.y[~bad], test_rows=test_rows)
    return Dataset(
        raw.name,
        np.zeros((len(raw.y), 0), np.float32),
        _classes(raw),
        spec,
        raw.test_rows,
        notes,
        records=kept,
    )


def require_trainable(data: Dataset) -> None:
    """Raise LabelsError or FeaturesError where there is nothing to learn, or too little to learn it from."""
    if len(data.labels) < 2:
        raise LabelsError(
            f"{data.name} has one class only, {data.labels[0]!r}; a classifier needs two or more"
        )
    counts = Counter(data.y.tolist())
    few = [label for label in data.labels if counts[label] < ROWS_PER_CLASS_MIN]
    if few:
        named = ", ".join(f"{label!r} ({counts[label]})" for label in few[:_NAMED_MAX])
        more = f" and {len(few) - _NAMED_MAX} more" if len(few) > _NAMED_MAX else ""
        raise LabelsError(
            f"{data.name} has too few rows of class {named}{more}; each needs at least {ROWS_PER_CLASS_MIN}"
        )
    if data.records is None and (data.x == data.x[0]).all():
        raise FeaturesError(f"{data.name}: every feature is constant, so nothing can be learnt")


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


def _without_padding(raw: RawData, spec: InputSpec) -> RawData:
    """Put zeros after the true steps of each sequence, whatever filled it up."""
    if raw.lengths is None:
        return raw
    steps, lengths = spec.shape[0], raw.lengths
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
    raw: RawData, flat: npt.NDArray[Any], missing: Missing
) -> tuple[RawData, npt.NDArray[Any], tuple[str, ...]]:
    holes = np.isnan(flat) if flat.dtype.kind == "f" else np.zeros(flat.shape, bool)
    no_label = _missing_labels(raw.y)
    bad = holes.any(axis=1) | no_label
    if not bad.any():
        return raw, flat, ()
    columns = [_feature_name(raw, int(column)) for column in np.flatnonzero(holes.any(axis=0))]
    columns += [raw.label_name] if no_label.any() else []
    _check_missing(raw, bad, columns, missing)
    test_rows = raw.test_rows - int(bad[len(bad) - raw.test_rows :].sum())
    lengths = None if raw.lengths is None else raw.lengths[~bad]
    kept = replace(raw, y=raw.y[~bad], test_rows=test_rows, lengths=lengths)
    return kept, flat[~bad], (_dropped(bad, columns),)


def _check_missing(raw: RawData, bad: npt.NDArray[np.bool_], columns: list[str], missing: Missing) -> None:
    """Raise MissingValuesError where rows are `bad`, and not to be dropped, or none would be left."""
    if missing != "drop" and bad.any():
        first = np.flatnonzero(bad)[0] if raw.order is None else raw.order[bad].min()
        if raw.label_name in columns:
            advice = "a model cannot fill in labels: write them down, or drop these rows with --missing drop"
        else:
            advice = "fill them in, or drop these rows with --missing drop"
            advice += "" if raw.order is None else ", or fill them in with --missing fill"
        raise MissingValuesError(
            f"{raw.name} has missing values in {bad.sum()} of {len(bad)} rows, first in row "
            f"{first} (counted from 0), in {_listed(columns)}; {advice}"
        )
    if bad.all():
        raise MissingValuesError(
            f"{raw.name} has missing values in every row, in {_listed(columns)}: none is left"
        )


def _dropped(bad: npt.NDArray[np.bool_], columns: list[str]) -> str:
    return f"dropped {bad.sum()} of {len(bad)} rows with missing values in {_listed(columns)}"


def _missing_labels(y: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    missing = np.zeros(len(y), np.bool_)
    if y.dtype.kind == "f":
        missing |= np.isnan(y)
    elif y.dtype.kind == "U":
        missing |= np.char.str_len(y) == 0
    return missing


def _to_float32(raw: RawData, flat: npt.NDArray[Any]) -> FloatArray:
    with np.errstate(over="ignore"):  # what overflows is reported below, by name
        rows = np.ascontiguousarray(flat, np.float32)
    if not np.isfinite(rows).all():
        bad = np.argwhere(~np.isfinite(rows))
        row, column = bad[0]
        raise FeaturesError(
            f"{raw.name} has {len(bad)} values that are infinite or beyond float32 (±{_FLOAT32_MAX:.2e}), "
            f"first {flat[row, column]} in row {row}, {_feature_name(raw, column)}"
        )
    return rows


def _classes(raw: RawData) -> Labels:
    y = raw.y
    if y.dtype.kind == "U":
        return y
    if y.dtype.kind == "f":
        fractions = y[~(np.isfinite(y) & (y == np.floor(y)))]
        if len(fractions):
            raise LabelsError(
                f"{raw.name} has labels such as {fractions[0]} in {raw.label_name}, which looks like "
                "regression; a classifier's labels are integers or strings"
            )
    if y.dtype.kind != "i" and np.abs(y.astype(np.float64)).max() >= 2**63:
        raise LabelsError(f"{raw.name} has labels beyond 64 bits in {raw.label_name}")
    return y.astype(np.int64)


def _feature_name(raw: RawData, column: int) -> str:
    return repr(raw.feature_names[column]) if raw.feature_names else f"feature {column}"


def _listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _NAMED_MAX} more" if len(columns) > _NAMED_MAX else ""
    return ", ".join(columns[:_NAMED_MAX]) + more
