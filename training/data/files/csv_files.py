"""Reads tables of text, `.csv` and `.tsv`, compressed or not."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from training.config import DataConfig
from training.data.files.columns import Columns, Known
from training.data.files.kinds import Cells
from training.data.files.tables import Table, names_of
from training.data.files.text_files import COMPRESSIONS, opened
from training.data.files.words import MISSING
from training.errors import DataUnreadableError

# A piece of a table is read at once: what pandas needs for its cells is several times what they take later.
_CHUNK_CELLS = 1_000_000
_CHUNK_ROWS_MIN = 256  # each piece costs it time for every column
_LEADING_ZERO = re.compile(r"\s*[+-]?0\d")


def read_csv(path: Path, config: DataConfig, known: Known) -> Table:
    """Read a table with a header; columns that hold nothing but numbers, or true and false, come as such."""
    names, nameless = names_of(path, _header(path, config))
    columns = Columns.of(config, path, names, nameless, known)
    cells, has_zeros = _parse(path, config, names, columns.words)
    numbers = [name for name in names if cells[name].dtype.kind in "iuf"] if has_zeros else []
    zeros = _with_leading_zeros(path, config, names, numbers)
    plain = path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path
    return Table(path, plain.stem, cells, columns, zeros)


def _separator(path: Path, config: DataConfig) -> str:
    usual = "\t" if ".tsv" in (suffix.lower() for suffix in path.suffixes[-2:]) else ","
    return config.sep or usual


def _header(path: Path, config: DataConfig) -> list[str]:
    sep = _separator(path, config)
    with opened(path, config.encoding) as stream:
        try:
            given = next((row for row in csv.reader(stream, delimiter=sep) if row), [])
        except csv.Error as error:
            raise DataUnreadableError(f"{path} is not a readable .csv ({error})") from error
    if not given:
        raise DataUnreadableError(f"{path} is empty; a table must begin with a header")
    if any("\0" in name for name in given):
        raise DataUnreadableError(
            f"{path} has zero bytes in its header, and is no text in {config.encoding}; name its encoding, "
            "as in --encoding utf-16-le or utf-32"
        )
    return given


def _parse(
    path: Path, config: DataConfig, names: list[str], words: Collection[str]
) -> tuple[dict[str, Cells], bool]:
    """Return the columns, and whether some number in them may begin with a zero.

    A cell of the columns `words` is kept as it is written, whatever it looks like.
    """
    # The mark before a word keeps pandas from taking it for a missing value. To say so by the column takes
    # it seconds where there are thousands.
    marked = {place: "=".__add__ for place, name in enumerate(names) if name in words}
    pieces: dict[str, list[Cells]] = {name: [] for name in names}
    with opened(path, config.encoding) as stream:
        watched = _Watched(stream, _separator(path, config))
        rows = max(_CHUNK_ROWS_MIN, _CHUNK_CELLS // len(names))
        how = {"converters": marked, "na_values": MISSING, "chunksize": rows}
        for chunk in _of_pandas(path, watched, config, names, **how):
            for name, column in chunk.items():
                pieces[name].append(_shared(column.to_numpy(), marked=name in words))
    return {name: _joined(pieces.pop(name)) for name in names}, watched.leading_zero


def _shared(piece: Cells, *, marked: bool) -> Cells:
    """Return a piece of a column of words without their mark, every word once in memory."""
    if piece.dtype.kind != "O":
        return piece
    known: dict[Any, Any] = {}
    words = (cell[1:] for cell in piece) if marked else piece
    shared = np.empty(len(piece), object)
    shared[:] = [known.setdefault(cell, cell) for cell in words]
    return shared


def _joined(pieces: list[Cells]) -> Cells:
    """Put the pieces of a column together: as numbers or booleans, where each holds nothing else."""
    kinds = {piece.dtype.kind for piece in pieces}
    if not pieces:
        return np.empty(0, object)
    is_plain = kinds <= set("iuf") or kinds == {"b"}
    return np.concatenate(pieces if is_plain else [piece.astype(object) for piece in pieces])


def _of_pandas(path: Path, stream: Any, config: DataConfig, names: list[str], **more: Any) -> Iterator[Any]:
    """Read a text as pandas does, a DataFrame after the other. Raises DataUnreadableError."""
    import pandas as pd

    read: Any = pd.read_csv
    sep = _separator(path, config)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # else it cuts rows that are too long
            yield from read(
                stream,
                sep=sep,
                decimal=config.decimal,
                names=names,
                header=0,
                index_col=False,
                keep_default_na=False,
                low_memory=False,
                **more,
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        reason = str(error)
        if reason.startswith("Length of header"):
            reason = "its rows have more cells than its header has names: a separator too many at their end?"
        raise DataUnreadableError(f"{path} is not a readable .csv ({reason})") from error


def _with_leading_zeros(
    path: Path, config: DataConfig, names: list[str], numbers: Sequence[str]
) -> dict[str, str]:
    """Return which columns of `numbers` hold a code such as 007, and one of each."""
    found: dict[str, str] = {}
    if not numbers:
        return found
    rows = max(_CHUNK_ROWS_MIN, _CHUNK_CELLS // len(numbers))
    with opened(path, config.encoding) as stream:
        chunks = _of_pandas(path, stream, config, names, usecols=numbers, dtype=str, chunksize=rows)
        for chunk in chunks:
            for name in numbers:
                if name not in found:
                    codes = (cell for cell in chunk[name] if _LEADING_ZERO.match(str(cell)))
                    code = next(codes, None)
                    found |= {} if code is None else {name: code.strip()}
    return found


class _Watched:
    """A text that is being read, and whether a number was seen in it that begins with a zero, as 007 does."""

    def __init__(self, stream: TextIO, sep: str) -> None:
        self._stream = stream
        self._before = np.frombuffer(f'{sep}\t\n\r "'.encode(), np.uint8)
        self._end = "\n"
        self.leading_zero = False

    def __iter__(self) -> _Watched:  # pandas reads what is iterable alone, and never asks for a line
        return self

    def read(self, size: int = -1) -> str:
        text = self._stream.read(size)
        if not self.leading_zero:
            seen = np.frombuffer((self._end + text).encode("utf-8", "surrogatepass"), np.uint8)
            zeros = np.flatnonzero(seen[1:-1] == ord("0")) + 1
            digits = (seen[zeros + 1] >= ord("0")) & (seen[zeros + 1] <= ord("9"))
            self.leading_zero = bool(np.isin(seen[zeros[digits] - 1], self._before).any())
            self._end = (self._end + text)[-2:]
        return text
