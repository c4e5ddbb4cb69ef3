"""What the columns of a row are called, for people."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from bundle.encoder import in_order_of_columns
from bundle.fields import AnyField
from bundle.manifest import InputSpec


def name(spec: InputSpec, channel: int) -> str:
    """Name a channel: by its feature or its field where it has one, else by its number."""
    if spec.feature_names and len(spec.shape) == 1 and spec.fields is None:
        return repr(spec.feature_names[channel])
    if spec.fields is not None:
        return repr(field_of(spec.fields, channel).name)
    return f"{thing(spec)} {channel}"


def thing(spec: InputSpec) -> str:
    return {"vector": "feature", "table": "column"}.get(spec.kind, "channel")


def count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def field_of(fields: Sequence[AnyField], column: int) -> AnyField:
    """Return the field that a column of a row belongs to: one field may have several."""
    ordered = in_order_of_columns(fields)
    ends = list(accumulate(field.columns for field in ordered))
    return ordered[bisect_right(ends, column)]
