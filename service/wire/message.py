"""What a wire protocol is given of a request and gives of an answer, and what lies between: rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Body = bytes | bytearray

Headers = list[tuple[bytes, bytes]]
"""Names and values; the names of a request's headers are in lower case."""

Rows = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Raw rows, shape (n, features), finite and within float32."""

FLOAT32_MAX = float(np.finfo(np.float32).max)


def is_within_float32(values: npt.NDArray[Any]) -> bool:
    """Whether none of some numbers is too large, NaN or infinite."""
    return bool(values.max() <= FLOAT32_MAX and values.min() >= -FLOAT32_MAX)
