"""What a user should look at twice: columns that may have been taken for something that they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from shlex import quote

from training.data.files.columns import Columns
from training.data.files.kinds import Cells, advice, examples
from training.data.files.words import MISSING, looks_like, written
from training.data.index import counts_rows
from training.data.records import FieldKind


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
            if counts_rows(table[name]):
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
