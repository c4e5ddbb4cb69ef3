"""Rows of a table, held by their columns: as dictionaries they would take many times the room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Instance = str | dict[str, Any]
Number = float | int | None


@dataclass(frozen=True)
class Numbers(Sequence[Number]):
    """A column of numbers as clients write them: 41, and not 41.0; None where one is missing."""

    values: npt.NDArray[np.float64]  # (n,), NaN where one is missing

    @overload
    def __getitem__(self, row: int) -> Number: ...
    @overload
    def __getitem__(self, row: slice) -> Numbers: ...
    def __getitem__(self, row: int | slice) -> Number | Numbers:
        return Numbers(self.values[row]) if isinstance(row, slice) else _written(float(self.values[row]))

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Number]:
        return map(_written, map(float, self.values))

    def take(self, rows: Sequence[int]) -> Numbers:
        return Numbers(self.values[np.asarray(rows, np.int64)])


@dataclass(frozen=True)
class Rows(Sequence[Instance]):
    """Instances, made when they are asked for: objects, or with `bare` the texts of the only column."""

    columns: Mapping[str, Sequence[Any]]
    bare: bool = False

    @overload
    def __getitem__(self, row: int) -> Instance: ...
    @overload
    def __getitem__(self, row: slice) -> Rows: ...
    def __getitem__(self, row: int | slice) -> Instance | Rows:
        if isinstance(row, slice):
            return Rows({name: column[row] for name, column in self.columns.items()}, self.bare)
        values = {name: column[row] for name, column in self.columns.items()}
        return next(iter(values.values())) if self.bare else values

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __iter__(self) -> Iterator[Instance]:
        if self.bare:
            return iter(*self.columns.values())
        return (dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True))

    def take(self, rows: Sequence[int]) -> Rows:
        return Rows({name: _taken(column, rows) for name, column in self.columns.items()}, self.bare)


def _taken(column: Sequence[Any], rows: Sequence[int]) -> Sequence[Any]:
    return column.take(rows) if isinstance(column, Numbers) else [column[row] for row in rows]


def _written(value: float) -> Number:
    if value != value:  # noqa: PLR0124 - NaN
        return None
    return int(value) if value.is_integer() else value
