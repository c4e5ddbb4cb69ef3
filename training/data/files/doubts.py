"""What a user should look at twice: columns that may have been taken for something that they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote

import numpy as np

from training.data.files.columns import Columns
from training.data.files.kinds import Cells, advice, examples
from training.data.files.words import MISSING, looks_like, written
from training.data.records import FieldKind

_ROWS_MIN = 20  # of fewer, whole numbers are in order by chance


def about(
    table: Mapping[str, Cells],
    columns: Columns,
    found: Mapping[str, FieldKind],
    leading_zeros: Mapping[str, str],
    decimal: str,
) -> Iterator[str]:
    """Return a sentence for each feature that nobody declared and that looks like something else."""
    for name, kind in found.items():
        if name in columns.declared:
            continue
        if kind == "number":
            if name in leading_zeros:
                yield (
                    f"column {name!r} was read as numbers, though {leading_zeros[name]!r} in it looks like a "
                    f"code: give --category {quote(name)} if it is one, or --numeric {quote(name)}"
                )
            if _counts_rows(table[name]):
                yield (
                    f"column {name!r} has another whole number in each row, as an index has: it tells rows "
                    f"apart and not classes; give --ignore {quote(name)}, or --numeric {quote(name)}"
                )
        elif kind == "category":
            words = [text for text in dict.fromkeys(map(written, table[name])) if text not in MISSING]
            disguise = looks_like(words)
            if disguise is not None:
                yield (
                    f"column {name!r} was read as {len(words)} categories, though its words look like "
                    f"{disguise}, such as {examples(words)}: give {advice(name, words, decimal)} or "
                    f"--ignore {quote(name)}"
                )


def _counts_rows(cells: Cells) -> bool:
    """Tell whether a column of numbers is an index: whole numbers in order, or without a gap."""
    if cells.dtype.kind not in "iuf" or len(cells) < _ROWS_MIN:
        return False
    values = cells.astype(np.float64)
    low, high = values.min(), values.max()
    if not high - low >= len(values) - 1 or (values != np.floor(values)).any():
        return False
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return True
    return bool(high - low == len(values) - 1 and len(np.unique(values)) == len(values))
