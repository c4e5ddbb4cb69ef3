"""What is left of p-values where many things were tested, and one of them was bound to look remarkable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, in the order given (Holm 1979, step-down).

    "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6. Whoever
    calls remarkable what has an adjusted p-value of at most alpha is wrong about even one of them with a
    chance of at most alpha, however the tests depend on each other; and no less is found than by Bonferroni.
    Raises ValueError for what is no p-value.
    """
    raw = np.asarray(p_values, np.float64)  # (tests,)
    if not ((raw >= 0) & (raw <= 1)).all():
        raise ValueError(f"not every p-value lies between 0 and 1: {list(p_values)}")
    order = np.argsort(raw)
    # The smallest is tested against all, the next against those that are left; none may overtake.
    stepped = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(1.0, stepped)
    return [float(p) for p in adjusted]
