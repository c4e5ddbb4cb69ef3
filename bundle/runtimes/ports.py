"""The inputs and outputs of graphs that are whole numbers: callers meet float32 alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bundle.normalizer import FloatArray

KINDS = (np.float32, np.int8, np.uint8, np.int16)


@dataclass(frozen=True)
class Port:
    """A tensor of whole numbers, each standing for `(number - zero_point) * scale`."""

    kind: Any
    scale: np.float32
    zero_point: int

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> Self | None:
        """Describe a tensor by LiteRT's own details of it; None where it is float32 already.

        Whole numbers without a scale stand for themselves. Raises ValueError for a type that is not in KINDS.
        """
        kind = details["dtype"]
        if kind not in KINDS:
            raise ValueError(
                f"the graph's {details['name']!r} is {np.dtype(kind)}; "
                f"there may be {', '.join(np.dtype(one).name for one in KINDS)}"
            )
        if kind is np.float32:
            return None
        scale, zero_point = details["quantization"]
        return cls(kind, np.float32(scale or 1.0), int(zero_point))

    def enter(self, values: FloatArray) -> npt.NDArray[Any]:
        """Return the whole numbers that stand for `values` best."""
        bounds = np.iinfo(self.kind)
        whole = np.rint(values / self.scale) + self.zero_point
        numbers: npt.NDArray[Any] = np.clip(whole, bounds.min, bounds.max).astype(self.kind)
        return numbers

    def leave(self, numbers: npt.NDArray[Any]) -> FloatArray:
        """Return what whole numbers stand for."""
        values: FloatArray = (numbers.astype(np.float32) - self.zero_point) * self.scale
        return values
