"""Reads data for a bundle that exists, as the bundle's own training data was read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bundle.manifest import InputSpec
from bundle.store import Bundle
from training.config import DataConfig
from training.dataset import Dataset
from training.errors import FeaturesError
from training.files import TABLES, suffix
from training.records import Records, encode


def reading(expected: InputSpec, config: DataConfig) -> dict[str, Any]:
    """Return what the input of a bundle says of how `config`'s data is to be read."""
    if expected.fields is None:
        return {"kind": config.kind or expected.kind}
    if suffix(Path(config.data)) not in TABLES:
        return {}  # it will be refused for what it holds, and not for options that nobody gave
    return {
        "text": tuple(field.name for field in expected.fields if field.kind == "text"),
        "category": tuple(field.name for field in expected.fields if field.kind == "category"),
        "missing": "fill" if any(field.missing == "filled" for field in expected.fields) else config.missing,
    }


def rows_like(data: Dataset, bundle: Bundle) -> Dataset:
    """Encode `data` as `bundle` does, where its rows are texts or objects.

    Raises FeaturesError where they are not those that the bundle takes.
    """
    encoder = bundle.encoder()
    if encoder is None and data.records is None:
        return data
    if encoder is None or data.records is None:
        given, taken = ("numbers", "texts or objects") if encoder else ("texts or objects", "numbers")
        raise FeaturesError(f"{data.name} has rows of {given}; {bundle.folder} takes {taken}")
    _require_same_fields(data.name, data.records, [field.name for field in encoder.fields], bundle)
    rows = encode(data.name, encoder, data.records.instances)
    return replace(data, x=rows, input=bundle.manifest.input)


def _require_same_fields(name: str, records: Records, wanted: list[str], bundle: Bundle) -> None:
    strange = [field for field in records.kinds if field not in wanted]
    if strange:
        raise FeaturesError(f"{name} has the column {strange[0]!r}, which {bundle.folder} does not take")
    absent = [field for field in wanted if field not in records.kinds]
    if absent:
        raise FeaturesError(f"{name} has no column {absent[0]!r}, which {bundle.folder} takes")
