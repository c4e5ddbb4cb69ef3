"""Reads tables whose cells have types, `.parquet` and `.xlsx`, where pandas finds a library that can."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from training.config import DataConfig
from training.data.files.columns import Columns, Known
from training.data.files.tables import Table, names_of
from training.errors import DataUnreadableError


def read_parquet(path: Path, config: DataConfig, known: Known) -> Table:
    """Read a .parquet file with pyarrow or fastparquet."""
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # each library has errors of its own, of no common kind
        raise DataUnreadableError(_unreadable(path, error)) from error
    return of_frame(path, frame, config, known)


def read_xlsx(path: Path, config: DataConfig, known: Known) -> Table:
    """Read the first sheet of a workbook, whose first row names the columns."""
    import pandas as pd

    engine: Any = "calamine" if find_spec("openpyxl") is None else "openpyxl"
    try:
        frame = pd.read_excel(path, engine=engine, keep_default_na=False, na_values=[""])
    except Exception as error:  # each library has errors of its own, of no common kind
        raise DataUnreadableError(_unreadable(path, error)) from error
    return of_frame(path, frame, config, known)


def of_frame(path: Path, frame: Any, config: DataConfig, known: Known) -> Table:
    """Return a pandas DataFrame as the table of the file that it came from."""
    names, nameless = names_of(path, list(frame.columns))
    columns = Columns.of(config, path, names, nameless, known)
    cells = {
        name: np.asarray(column, None if _is_plain(column.dtype) else object)
        for name, (_, column) in zip(names, frame.items(), strict=True)
    }
    return Table(path, path.stem, cells, columns)


def _is_plain(dtype: Any) -> bool:
    """Tell whether a column holds numbers or booleans, and no missing ones that only pandas knows of."""
    return isinstance(dtype, np.dtype) and dtype.kind in "iufb"


def _unreadable(path: Path, error: Exception) -> str:
    return f"{path} is not a readable {path.suffix} file ({' '.join(str(error).split())})"
