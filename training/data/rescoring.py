"""Reads data for a bundle that exists, as the bundle's own training data was read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bundle.bundle import Bundle
from bundle.fields import word
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from training.config import DataConfig
from training.data.dataset import Dataset, IntArray
from training.data.files.columns import Known
from training.data.files.sources import is_table, load
from training.data.imported.columns import as_columns
from training.data.labels import class_indices
from training.data.overlap import fingerprints, overlap
from training.data.records import FieldKind, Records, encode
from training.data.rows import Numbers, Rows
from training.errors import FeaturesError, OptionError, UndeclaredColumnError
from training.progress import Progress


def rows_to_score(
    bundle: Bundle, config: DataConfig | None, progress: Progress
) -> tuple[FloatArray, IntArray]:
    """Return raw rows (n, features) and class indices (n,): the bundle's test rows, or those of `config`."""
    if config is not None:
        return _rows_for(bundle, config, progress)
    x, labels = bundle.test_set()
    return x, class_indices(labels, bundle.manifest.labels)


def load_like(config: DataConfig, bundle: Bundle) -> Dataset:
    """Read `config`'s data as the data of `bundle` were read; rows are not encoded yet.

    Raises DataError or OptionError, as `load` does, but advises no option that only training has.
    """
    expected = bundle.manifest.input
    known = Known(bundle.manifest.labels, _kinds(expected), _left_out(bundle))
    if expected.kind == "tensor":  # of a model that was made elsewhere, whose labels may be but numbers here
        known = replace(known, labels=None, shape=expected.shape)
    _refuse_other_kinds(config, known, bundle)
    try:
        return load(config.model_copy(update=reading(expected, config)), known)
    except UndeclaredColumnError as error:
        fields = expected.feature_names or [field.name for field in expected.fields or ()]
        taken = "takes as a number" if error.column in fields else "does not take"
        raise FeaturesError(
            f"{config.data} has words in column {error.column!r}, which {bundle.folder} {taken}"
        ) from error


def reading(expected: InputSpec, config: DataConfig) -> dict[str, Any]:
    """Return what the input of a bundle says of how `config`'s data is to be read."""
    if expected.kind == "tensor":
        return {}
    if expected.fields is None:
        return {"kind": config.kind or expected.kind}
    if not is_table(Path(config.data)):
        return {}  # it will be refused for what it holds, and not for options that nobody gave
    fills = any(field.missing == "filled" for field in expected.fields)
    return {"missing": "fill" if fills and config.missing == "error" else config.missing}


def _kinds(expected: InputSpec) -> dict[str, FieldKind]:
    """Return what each column is to a bundle, by name."""
    numbers: dict[str, FieldKind] = dict.fromkeys(expected.feature_names or (), "number")
    return numbers | {field.name: field.kind for field in expected.fields or ()}


def _refuse_other_kinds(config: DataConfig, known: Known, bundle: Bundle) -> None:
    """Raise OptionError where the user takes a column for something else than the bundle does."""
    said: dict[FieldKind, tuple[str, tuple[str, ...]]] = {
        "text": ("--text", config.text),
        "category": ("--category", config.category),
        "number": ("--numeric", config.numeric),
    }
    for kind, (option, columns) in said.items():
        for column in columns:
            taken = known.kinds.get(word(column))
            if taken not in (kind, None):
                raise OptionError(f"{option} {column} was given, and {bundle.folder} takes it as a {taken}")


def _left_out(bundle: Bundle) -> tuple[str, ...]:
    """Return the columns that a model was told, when it was trained, to learn nothing from."""
    chosen = bundle.manifest.provenance.hyperparameters
    ignored, roles = chosen.get("ignore"), [chosen.get(role) for role in ("split", "group", "time")]
    named = (*(ignored if isinstance(ignored, list) else ()), *roles)
    return tuple(word(name) for name in named if isinstance(name, str))


def rows_like(data: Dataset, bundle: Bundle) -> Dataset:
    """Encode `data` as `bundle` does, where its rows are texts or objects.

    Raises FeaturesError where they are not those that the bundle takes.
    """
    encoder = bundle.encoder()
    if encoder is None and data.records is None:
        return data
    if encoder is not None and data.records is None:
        data = replace(data, records=_objects(data))
    if encoder is None or data.records is None:
        given, taken = ("numbers", "texts or objects") if encoder else ("texts or objects", "numbers")
        raise FeaturesError(f"{data.name} has rows of {given}; {bundle.folder} takes {taken}")
    _require_same_fields(data.name, data.records, [field.name for field in encoder.fields], bundle)
    rows = encode(data.name, encoder, data.records.instances)
    return replace(data, x=rows, input=bundle.manifest.input)


def _rows_for(bundle: Bundle, config: DataConfig, progress: Progress) -> tuple[FloatArray, IntArray]:
    """Read rows to score a bundle on: those of the published test split where the data has one, else all."""
    expected = bundle.manifest.input
    found = load_like(config, bundle)
    data = rows_like(found, bundle)
    progress.tell(data.taken)
    for note in data.notes:
        progress.warn(note)
    given = data.input
    if given.shape != expected.shape:
        raise FeaturesError(
            f"{data.name} has rows of shape {given.shape}; {bundle.folder} takes {expected.shape}"
        )
    if given.feature_names and expected.feature_names and given.feature_names != expected.feature_names:
        pairs = zip(given.feature_names, expected.feature_names, strict=True)
        here, there = next((a, b) for a, b in pairs if a != b)
        raise FeaturesError(f"{data.name} has the feature {here!r} where {bundle.folder} has {there!r}")
    rows = slice(len(data.x) - data.test_rows if data.test_rows else 0, None)
    if (repeated := _overlap(bundle, found, data, rows)) is not None:
        progress.warn(repeated)
    y = as_columns if expected.kind == "tensor" else class_indices
    return np.ascontiguousarray(data.x[rows]), y(data.y[rows], bundle.manifest.labels)


def _overlap(bundle: Bundle, found: Dataset, data: Dataset, rows: slice) -> str | None:
    """Say how many of the `rows` of `data` the model was fitted on; None where on none that is known."""
    seen = bundle.training_rows()
    if seen is not None:
        instances = None if data.records is None else data.records.instances[rows]
        is_trained_here = bundle.manifest.provenance.train_rows > 0
        seen_as = "the training rows" if is_trained_here else "the rows that calibrated or validated it"
        return overlap(fingerprints(data.x[rows], instances), seen, seen_as)
    if not data.test_rows and found.sha256 == bundle.manifest.provenance.data_sha256:
        return "the model was trained on most of these rows: the scores flatter it"
    return None


def _objects(data: Dataset) -> Records | None:
    """Return rows of named numbers as objects: with nothing to fill in, a table of them reads as vectors."""
    names = data.input.feature_names
    if names is None:
        return None
    columns = {name: Numbers(data.x[:, place].astype(np.float64)) for place, name in enumerate(names)}
    return Records(dict.fromkeys(names, "number"), Rows(columns))


def _require_same_fields(name: str, records: Records, wanted: list[str], bundle: Bundle) -> None:
    strange = [field for field in records.kinds if field not in wanted]
    if strange:
        raise FeaturesError(f"{name} has the column {strange[0]!r}, which {bundle.folder} does not take")
    absent = [field for field in wanted if field not in records.kinds]
    if absent:
        raise FeaturesError(f"{name} has no column {absent[0]!r}, which {bundle.folder} takes")
