"""Rows of a table, held by their columns: as dictionaries they would take many times the room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

Instance = str | dict[str, Any]
Number = float | int | None
IntArray = npt.NDArray[np.int64]


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

    def take(self, rows: IntArray) -> Numbers:
        return Numbers(self.values[rows])

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows, (n,), have no number."""
        return np.isnan(self.values)


@dataclass(frozen=True)
class Words(Sequence[Any]):
    """A column of words or booleans; None where one is missing."""

    values: npt.NDArray[np.object_]  # (n,)

    @classmethod
    def of(cls, values: Iterable[Any], count: int) -> Words:
        """Hold `count` values."""
        return cls(np.fromiter(values, np.object_, count))

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> Words: ...
    def __getitem__(self, row: int | slice) -> Any:
        return Words(self.values[row]) if isinstance(row, slice) else self.values[row]

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def take(self, rows: IntArray) -> Words:
        return Words(self.values[rows])

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows, (n,), have no word."""
        return np.fromiter((value is None for value in self.values), np.bool_, len(self.values))


Column = Numbers | Words


@dataclass(frozen=True)
class Rows(Sequence[Instance]):
    """Instances, made when they are asked for: objects, or with `bare` the texts of the only column."""

    columns: Mapping[str, Column]
    bare: bool = False

    @overload
    def __getitem__(self, row: int) -> Instance: ...
    @overload
    def __getitem__(self, row: slice) -> Rows: ...
    def __getitem__(self, row: int | slice) -> Instance | Rows:
        if isinstance(row, slice):
            return Rows({name: column[row] for name, column in self.columns.items()}, self.bare)
        values: dict[str, Any] = {name: column[row] for name, column in self.columns.items()}
        return str(*values.values()) if self.bare else values

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __iter__(self) -> Iterator[Instance]:
        if self.bare:
            return iter(*self.columns.values())
        return (dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True))

    def take(self, rows: IntArray) -> Rows:
        return Rows({name: column.take(rows) for name, column in self.columns.items()}, self.bare)


def _written(value: float) -> Number:
    if value != value:  # noqa: PLR0124 - NaN
        return None
    return int(value) if value.is_integer() else value
