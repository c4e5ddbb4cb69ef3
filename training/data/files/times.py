"""Puts the rows of a table in the order of time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.dataset import IntArray
from training.data.files.words import MISSING, is_plain, written
from training.errors import FeaturesError


def ranks(path: Path, column: str, cells: Any) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Return when each row was, (n,), as the rank of its time, and which rows have none.

    Times are numbers, or dates as ISO 8601 writes them; rows of the same time have the same rank. Raises
    FeaturesError for any other: whether 01/02/2024 is in January or in February, nobody can tell.
    """
    import pandas as pd

    words = [written(cell) for cell in cells]
    absent = np.array([one in MISSING for one in words], np.bool_)
    there = [one for one in words if one not in MISSING]
    if all(map(is_plain, there)):
        # Python compares whole numbers and floats exactly, whatever their size.
        times = {one: int(one) if one.lstrip("+-").isdigit() else float(one) for one in set(there)}
        places = {time: place for place, time in enumerate(sorted(set(times.values())))}
        ranked = [places[times[one]] for one in there]
    else:
        read = pd.to_datetime(pd.Series(there, dtype=str), format="ISO8601", errors="coerce", utc=True)
        strange = np.flatnonzero(read.isna())
        if len(strange):
            row = np.flatnonzero(~absent)[strange[0]]
            raise FeaturesError(
                f"{path} has {there[strange[0]]!r} in column {column!r}, row {row} (counted from 0); --time "
                "takes numbers, or dates such as 2024-01-31 and 2024-01-31T12:30"
            )
        ranked = np.unique(read.to_numpy("datetime64[ns]"), return_inverse=True)[1].tolist()
    all_ranked = np.zeros(len(words), np.int64)
    all_ranked[~absent] = ranked
    return all_ranked, absent
