"""What a wire protocol is given of a request and gives of an answer, and what lies between: rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Body = bytes | bytearray

Headers = list[tuple[bytes, bytes]]
"""Names and values; the names of a request's headers are in lower case."""

Rows = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Raw rows, shape (n, features), finite and within float32."""
