"""What a tensor is: a name, a datatype, a shape, and values in row-major order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bundle import manifest
from service.errors import InvalidRequestError, shown

BOOL = "BOOL"
BYTES = "BYTES"
NUMBERS: dict[str, np.dtype[Any]] = {
    BOOL: np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""How each datatype lies in bytes, but for BYTES, whose values are of any length."""

RANK_MAX = manifest.RANK_MAX + 1  # and the rows

Values = npt.NDArray[Any] | Sequence[Any]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor that a model takes or gives; -1 in its shape is any number of rows."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    is_optional: bool = False
    """Whether a request may leave it out, and give null or NaN as a value: the model fills it in."""


class Tensor(NamedTuple):
    """A tensor of a request. The number of `values` is checked by whoever makes rows of them.

    Values are numbers, of BOOL booleans, and of BYTES texts or the bytes of texts in UTF-8.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Values


def measured(name: str, datatype: str, shape: Sequence[int]) -> tuple[np.dtype[Any] | None, int]:
    """Return how a datatype lies in bytes, None for BYTES, and how many values a shape has.

    Raises InvalidRequestError where there is no such datatype, or no such shape.
    """
    dtype = NUMBERS.get(datatype)
    if dtype is None and datatype != BYTES:
        known = ", ".join([*NUMBERS, BYTES])
        raise InvalidRequestError(f"input {shown(name)} has datatype {shown(datatype)}; there are {known}")
    if not 0 < len(shape) <= RANK_MAX or min(shape) < 1:
        raise InvalidRequestError(
            f"input {shown(name)} has shape {described(shape)}; it needs 1 to {RANK_MAX} sizes of 1 or more"
        )
    return dtype, prod(shape)  # Python's integers do not overflow


def described(shape: Sequence[int]) -> str:
    """Write a shape, the first few of its sizes, as a message has it."""
    sizes = [str(size) if -1 <= size < 10**12 else "..." for size in shape[:9]]
    return f"[{', '.join(sizes)}{', ...' if len(shape) > len(sizes) else ''}]"
