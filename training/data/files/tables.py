"""Tells what the columns of a `.csv` are, and gives its rows as clients would send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bundle.fields import Missing as Treatment
from training.data.records import FieldKind, Instance, Records, looks_like_text
from training.errors import FeaturesError, OptionError, UndeclaredColumnError


@dataclass(frozen=True)
class Columns:
    """What the user says of the columns of a `.csv`. The rest, the columns say themselves."""

    text: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    split: str | None = None
    filled: bool = False
    """Missing values are filled in, by the model's own rules."""

    def check(self, path: Path, names: Sequence[str], label: str) -> None:
        """Raise OptionError for a column that is not there, or that cannot be two things at once."""
        taken = {label: "--label"}
        given = [("--text", self.text), ("--category", self.category)]
        given += [("--split", (self.split,))] if self.split is not None else []
        for option, columns in given:
            for column in columns:
                if column not in names:
                    raise OptionError(
                        f"{path} has no column {column!r}, wanted by {option}; it has {', '.join(names)}"
                    )
                if column in taken:
                    raise OptionError(f"{option} and {taken[column]} were both given {column!r}")
                taken[column] = option

    def kinds(self, path: Path, table: Any, features: Sequence[str]) -> dict[str, FieldKind]:
        """Tell what each feature is: what the user said, or else a number or a category, as it looks.

        Raises UndeclaredColumnError for a column that is neither.
        """
        return {column: self._kind(path, column, table[column]) for column in features}

    def _kind(self, path: Path, column: str, values: Any) -> FieldKind:
        if column in self.text:
            return "text"
        if column in self.category:
            return "category"
        if values.dtype.kind in "biuf":
            return "number"
        import pandas as pd

        words = values[values.notna()]
        are_words = pd.to_numeric(words, errors="coerce").isna()
        if not are_words.any():
            return "number"
        if not are_words.all():
            word = words[are_words]
            raise UndeclaredColumnError(
                f"{path} has {str(word.iloc[0])!r} in column {column!r}, row {word.index[0]} (counted from "
                f"0), and numbers elsewhere in it: mend it, or give --category {column} or --text {column}",
                column,
            )
        if looks_like_text(words.tolist()):
            raise UndeclaredColumnError(
                f"{path} has {words.nunique()} different words in {len(words)} rows of column {column!r}: "
                f"give --text {column}, or --category {column}, or leave the column out",
                column,
            )
        return "category"


def as_records(path: Path, table: Any, kinds: Mapping[str, FieldKind], *, filled: bool) -> Records:
    """Turn the columns of a pandas `table` into instances; a missing value is None."""
    columns = {column: _values(path, column, kind, table[column]) for column, kind in kinds.items()}
    treatment: Treatment = "filled" if filled else "refused"
    rows = zip(*columns.values(), strict=True)
    instances: list[Instance]
    if tuple(kinds.values()) == ("text",):
        instances = [text for (text,) in rows]
    else:
        instances = [dict(zip(columns, row, strict=True)) for row in rows]
    return Records(dict(kinds), instances, treatment)


def _values(path: Path, column: str, kind: FieldKind, values: Any) -> list[Any]:
    if kind == "text":
        return [str(value) for value in values]
    if kind == "category":
        return [
            None if missing else str(value).strip()
            for value, missing in zip(values, values.isna(), strict=True)
        ]
    floats = zip(values.index, _floats(values), strict=True)
    return [_number(path, column, row, value) for row, value in floats]


def _floats(values: Any) -> list[float]:
    import pandas as pd

    floats: list[float] = np.asarray(pd.to_numeric(values), np.float64).tolist()
    return floats


def _number(path: Path, column: str, row: int, value: float) -> float | int | None:
    """Return a number as a client would write it: 41, and not 41.0."""
    if np.isnan(value):
        return None
    if not abs(value) <= np.finfo(np.float32).max:
        raise FeaturesError(
            f"{path} has {value} in column {column!r}, row {row} (counted from 0), which is infinite or "
            "beyond float32"
        )
    return int(value) if value == int(value) else value
