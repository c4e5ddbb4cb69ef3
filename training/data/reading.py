"""What data were taken for, as their user is told: a line on the rows, or one for each column of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from bundle.manifest import InputSpec
from training.data.dataset import Labels, distinct
from training.errors import listed

_NAME_MAX, _EXAMPLE_MAX = 20, 18  # cells of a terminal
_HEADER = ("column", "read as", "example", "distinct", "missing")
_WORDS = 3  # of these columns; the others are counts


@dataclass(frozen=True)
class ColumnReading:
    """How one column was read."""

    name: str
    kind: str
    example: str
    distinct: int
    missing: int


def taken_for(readings: Sequence[ColumnReading], columns: int) -> tuple[str, ...]:
    """Return the lines of a table, within 80 cells; of `columns` there may be more than are told of."""
    rows = [(one.name, one.kind, one.example, f"{one.distinct:,}", f"{one.missing:,}") for one in readings]
    widths = [max(cell_len(text) for text in column) for column in zip(_HEADER, *rows, strict=True)]
    widths[0], widths[2] = min(widths[0], _NAME_MAX), min(widths[2], _EXAMPLE_MAX)
    lines = [_line(row, widths) for row in (_HEADER, *rows)]
    more = columns - len(readings)
    return (*lines, f"and {more:,} columns more") if more > 0 else tuple(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [_cut(" ".join(text.split()), width) for text, width in zip(row, widths, strict=True)]
    pads = [" " * (width - cell_len(text)) for text, width in zip(cells, widths, strict=True)]
    words = [text + pad for text, pad in zip(cells[:_WORDS], pads, strict=False)]
    counts = [pad + text for text, pad in zip(cells[_WORDS:], pads[_WORDS:], strict=True)]
    return "  ".join((*words, *counts)).rstrip()


def _cut(text: str, width: int) -> str:
    """Cut a text to so many cells of a terminal, of which a Chinese character takes two."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def rows_taken_for(name: str, spec: InputSpec, y: Labels, *, labelled: bool) -> str:
    """Say what rows and labels were taken for."""
    sizes = spec.shape
    if spec.kind == "image":
        what = f"images, {sizes[0]} high and {sizes[1]} wide, of {_count(spec.channels, 'channel')}"
    elif spec.kind == "sequence":
        steps = f"{'up to ' * spec.padded}{_count(sizes[0], 'step')}"
        what = f"sequences of {steps}, {_count(sizes[1], 'number')} each"
    elif spec.kind == "tensor":
        what = f"rows of {' x '.join(map(str, sizes))} numbers"
    else:
        what = f"vectors of {_count(spec.features, 'number')}"
    return f"{name}: {len(y):,} {what}, {labels_taken_for(y) if labelled else 'without labels'}"


def labels_taken_for(y: Labels) -> str:
    """Say how many classes labels, (n,), are of, and what those are."""
    values = distinct(y)
    named = listed([repr(value) for value in values.tolist()])
    return f"in {len(values):,} classes of {'words' if y.dtype.kind == 'U' else 'whole numbers'}: {named}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
