"""What a model must be to be put on the ladder: one input of fixed size, one row of scores as its answer.

Each refusal is a sentence without its subject, which is the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from training.errors import ImportedModelError, listed
from training.imports.formats.endings import Ending

DTYPES = ("float32", "int8", "uint8", "int16")  # of inputs and of outputs

_RANK_MAX = 8  # of a row
_UNKNOWN = -1


def the_only(names: Sequence[str], kind: str) -> str:
    """Return the one input, or output, that there is."""
    if len(names) != 1:
        held = f"{len(names)} {kind}s ({listed(names)})" if names else f"no {kind}"
        raise ImportedModelError(f"has {held}; export it with one input of rows and one output of scores")
    return names[0]


def allowed_dtype(dtype: str, kind: str, allowed: Sequence[str] = DTYPES) -> str:
    """Return the type of an input's or an output's numbers."""
    if dtype not in allowed:
        raise ImportedModelError(f"has an {kind} of {dtype}; {', '.join(allowed)} can be imported")
    return dtype


def row_shape(dims: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of one row of an input (batch, ...); sizes that are not known are below zero."""
    if not 1 <= len(dims) - 1 <= _RANK_MAX:
        raise ImportedModelError(
            f"takes an input of shape {_shown(dims)}, not a batch of rows of one to {_RANK_MAX} dimensions"
        )
    batch, *shape = dims
    if min(shape) < 0:
        raise ImportedModelError(
            f"takes rows of no fixed size, {_shown((_UNKNOWN, *shape))}: export it with fixed sizes; "
            "only the batch may be open"
        )
    if 0 in shape:
        raise ImportedModelError(f"takes rows that hold nothing, {_shown(dims)}")
    if batch not in (_UNKNOWN, 1):
        raise ImportedModelError(f"takes {batch} rows at once: export it with a batch of 1, or an open one")
    return tuple(shape)


def columns(dims: Sequence[int], shape: tuple[int, ...], last: Ending) -> int:
    """Return how many scores an output (batch, ...) has for a row of `shape`, made by an ending."""
    if len(dims) != 2 or dims[1] < 1:
        raise ImportedModelError(
            f"answers shape {_shown((_UNKNOWN, *dims[1:]))} where a classifier answers (batch, classes)"
        )
    count, features = dims[1], prod(shape)
    if count == features > 1 and last != "softmax":
        raise ImportedModelError(
            f"answers as many numbers as it is given, {count}, and no softmax: an autoencoder, not a "
            "classifier; give one that answers a score for each class"
        )
    return count


def no_state(operations: Sequence[str]) -> None:
    """Refuse a graph with operations that remember."""
    if operations:
        raise ImportedModelError(
            f"keeps state from one call to the next ({listed(operations)}): export it without variables"
        )


def first_line(error: Exception) -> str:
    """Return what a library says of what went wrong, without the pages that some add."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _shown(dims: Sequence[int]) -> str:
    """Name a shape: (batch, 49, 10, 1)."""
    batch, *shape = ("?" if size < 0 else str(size) for size in dims) if dims else ("",)
    return f"({', '.join(['batch' if batch == '?' else batch, *shape])})"
