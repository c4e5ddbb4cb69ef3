"""Tells whether a column of a table holds numbers, booleans, categories or texts, and reads it as that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
import numpy.typing as npt

from bundle.fields import TRUE
from training.data.files.columns import Columns
from training.data.files.words import (
    MISSING,
    are_booleans,
    is_plain,
    looks_like,
    missing_words,
    number,
    written,
)
from training.data.records import FieldKind, looks_like_text
from training.data.rows import Numbers, Words
from training.errors import FeaturesError, UndeclaredColumnError

Cells = npt.NDArray[Any]  # (n,): numbers, booleans, or objects

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def of_columns(
    path: Path, table: Mapping[str, Cells], columns: Columns, decimal: str
) -> dict[str, FieldKind]:
    """Tell what each feature is: what the user said, or else what it looks like.

    Raises UndeclaredColumnError for a column that looks like nothing that a model takes.
    """
    said: dict[str, FieldKind] = dict.fromkeys(columns.numeric, "number")
    said |= dict.fromkeys(columns.category, "category")
    said |= dict.fromkeys(columns.text, "text")
    return {name: said.get(name) or _kind(path, name, table[name], decimal) for name in columns.features}


def _kind(path: Path, column: str, cells: Cells, decimal: str) -> FieldKind:
    if cells.dtype.kind in "iuf":
        return "number"
    if cells.dtype.kind == "b":
        return "boolean"
    there = [text for text in map(written, cells) if text not in MISSING]
    different = set(there)
    plain = {text for text in different if is_plain(text)}
    if plain == different:  # also where no word is left: a column of nothing was never refused as words
        return "number"
    if are_booleans(different):
        return "boolean"
    if plain:
        row, text = _first(cells, different - plain)
        raise UndeclaredColumnError(
            f"{path} has {text!r} in column {column!r}, row {row} (counted from 0), and numbers elsewhere in "
            f"it: mend it, or give {advice(column, different, decimal)}",
            column,
        )
    if looks_like_text(there):
        disguise = looks_like(there)
        seem = "" if disguise is None else f", which look like {disguise}"
        raise UndeclaredColumnError(
            f"{path} has {len(different)} different words in {len(there)} rows of column {column!r}, such as "
            f"{_short(there[0])!r}{seem}: give {advice(column, different, decimal)}, or leave it out with "
            f"--ignore {quote(column)}",
            column,
        )
    return "category"


def advice(column: str, words: Collection[str], decimal: str) -> str:
    """Name the options by which a column of such words can be declared."""
    name = quote(column)
    said = f"--category {name} or --text {name}"
    if all(number(text, decimal) is not None for text in words):
        return f"--numeric {name}, {said}"
    if decimal == "." and all(number(text, ",") is not None for text in words):
        return f"--decimal , (and --numeric {name} for separators of thousands), {said}"
    return said


def words(kind: FieldKind, cells: Cells, *, declared: bool) -> Words:
    """Return a column that is no number as clients would send it.

    A missing value is None, and a missing text empty. In a column that was `declared`, NA is a word.
    """
    texts = map(written, cells)
    nothing = missing_words(declared=declared and kind == "category")
    if kind == "text":
        return Words.of((cell if isinstance(cell, str) else written(cell) for cell in cells), len(cells))
    if kind == "boolean":
        return Words.of((None if text in nothing else text in TRUE for text in texts), len(cells))
    return Words.of((None if text in nothing else text for text in texts), len(cells))


def floats(path: Path, column: str, cells: Cells, decimal: str) -> npt.NDArray[np.float64]:
    """Return a column of numbers, NaN where one is missing; true is 1.

    Raises UndeclaredColumnError for a word that is no number.
    """
    if cells.dtype.kind in "iufb":
        return np.asarray(cells, np.float64)
    texts = [written(cell) for cell in cells]
    read: dict[str, float | None] = {text: _number(text, decimal) for text in set(texts)}
    strange = {text for text, value in read.items() if value is None}
    if strange:
        row, text = _first(cells, strange)
        usual = "1234.5, 1,234.5" if decimal == "." else "1234,5, 1.234,5"
        raise UndeclaredColumnError(
            f"{path} has {text!r} in column {column!r}, row {row} (counted from 0), which is no number; "
            f"numbers may be written as {usual}, $12, 12 % or 0x1F",
            column,
        )
    return np.array([read[text] for text in texts], np.float64)


def _number(text: str, decimal: str) -> float | None:
    if text in MISSING:
        return float("nan")
    if are_booleans([text]):
        return float(text in TRUE)
    return number(text, decimal)


def described(cells: Cells, *, declared: bool) -> tuple[str, int, int]:
    """Return an example of a column, how many different values it holds, and how many it misses.

    In a column that was `declared`, only an empty cell is a missing value.
    """
    if cells.dtype.kind in "iufb":
        there = cells[~np.isnan(cells)] if cells.dtype.kind == "f" else cells
        return (str(there[0]) if len(there) else ""), len(np.unique(there)), len(cells) - len(there)
    nothing = missing_words(declared=declared)
    words = [text for text in map(written, cells) if text not in nothing]
    return (words[0] if words else ""), len(set(words)), len(cells) - len(words)


def numbers(path: Path, column: str, cells: Cells, decimal: str) -> Numbers:
    """Return a column of numbers as clients would send them.

    Raises FeaturesError for one that no float32 can hold, and UndeclaredColumnError for a word.
    """
    read = floats(path, column, cells, decimal)
    beyond = np.flatnonzero(np.abs(read) > _FLOAT32_MAX)
    if len(beyond):
        raise FeaturesError(
            f"{path} has {read[beyond[0]]} in column {column!r}, row {beyond[0]} (counted from 0), which is "
            "infinite or beyond float32"
        )
    return Numbers(read)


def _first(cells: Cells, wanted: set[str]) -> tuple[int, str]:
    """Return the number of the first row that holds one of these words, and the word."""
    rows = ((row, written(cell)) for row, cell in enumerate(cells))
    return next((row, text) for row, text in rows if text in wanted)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


def examples(words: Sequence[str]) -> str:
    return ", ".join(repr(_short(text)) for text in words[:2])
