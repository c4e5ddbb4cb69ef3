"""Reads the IDX files of MNIST and Fashion-MNIST, compressed or not, from a folder where they already are."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training.errors import DataUnreadableError

_UNSIGNED_BYTES = 8  # the only type of number that these two data sets use


def read_folder(folder: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the four arrays x_train, y_train, x_test and y_test. Raises DataUnreadableError."""
    return {
        "x_train": _read(folder, "train-images-idx3-ubyte", 3),
        "y_train": _read(folder, "train-labels-idx1-ubyte", 1),
        "x_test": _read(folder, "t10k-images-idx3-ubyte", 3),
        "y_test": _read(folder, "t10k-labels-idx1-ubyte", 1),
    }


def _read(folder: Path, name: str, dimensions: int) -> npt.NDArray[np.uint8]:
    path = next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)
    if path is None:
        raise DataUnreadableError(f"there is no {name}.gz and no {name} in {folder}")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataUnreadableError(f"{path} cannot be read ({error})") from error
    return parse(content, dimensions, path)


def parse(content: bytes, dimensions: int, path: Path) -> npt.NDArray[np.uint8]:
    """Parse an IDX file: two zeros, the type, the rank, each length in 4 bytes, then the values."""
    start = 4 + 4 * dimensions
    if content[:4] != bytes((0, 0, _UNSIGNED_BYTES, dimensions)) or len(content) < start:
        raise DataUnreadableError(f"{path} is not an IDX file of unsigned bytes in {dimensions} dimensions")
    shape: Any = np.frombuffer(content, ">u4", count=dimensions, offset=4).tolist()
    values = np.frombuffer(content, np.uint8, offset=start)
    if len(values) != np.prod(shape, dtype=np.int64):
        raise DataUnreadableError(f"{path} holds {len(values)} values; its header says {shape}")
    return values.reshape(shape)
