"""The labelled rows that a load asks about: the test set of a bundle, or whatever a file holds."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bundle.bundle import Bundle
from loadtests.errors import LoadTestError
from loadtests.workload.payloads import Instances, Label, held_out

_NUMBERS, _TEXTS = "fiub", "US"  # kinds of NumPy's types


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows that no model has been trained on, and the labels that are right."""

    x: Instances  # (n, ...)
    y: npt.NDArray[Any]  # (n,), each of them one of `labels`
    labels: tuple[Label, ...]
    """Every label that a model of them can answer, one a class, in the order of its outputs."""
    source: str
    """Where they are from: `digits/1`, or the name of a file."""

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> Self:
        """Return the test set of a bundle. Raises BundleDamagedError."""
        x, y = held_out(bundle)
        return cls(x, y, bundle.manifest.labels, f"{bundle.name}/{bundle.version}")

    @classmethod
    def of_file(cls, file: Path) -> Self:
        """Read an .npz file: `x`, rows of numbers or texts; `y`, their labels; perhaps `labels`, all of them.

        Where there are no `labels`, whole numbers from 0 on are the places of classes, and other labels stand
        in their order. Where `labels` are texts, whole numbers in `y` are places among them.
        Raises LoadTestError.
        """
        arrays = _arrays(file)
        y = _column(arrays["y"])
        if y.dtype.kind == "f" and np.array_equal(y, np.trunc(y)):
            y = y.astype(np.int64)
        if y.dtype.kind not in _TEXTS + "iub" or y.ndim != 1:
            raise _refusal(file, f"whose y is {y.dtype}{y.shape}; it must be a label for each row")
        x = _rows(file, arrays["x"])
        if not len(x) or len(x) != len(y):
            raise _refusal(file, f"which has {len(x)} rows and {len(y)} labels; it takes one for each row")
        labels = _column(arrays["labels"]).tolist() if "labels" in arrays else _labels_of(y)
        if y.dtype.kind in "iub" and all(isinstance(one, str) for one in labels):
            if not 0 <= y.min() <= y.max() < len(labels):
                raise _refusal(file, f"whose y are not all places among its {len(labels)} labels")
            y = np.array(labels)[y.astype(np.int64)]
        if strange := sorted({*y.tolist()} - {*labels}, key=str):
            raise _refusal(file, f"whose y has {strange[0]!r}, which is not among its labels")
        if not 2 <= len(labels) == len({*labels}):
            raise _refusal(file, f"which has the labels {labels}; it takes two or more that differ")
        return cls(x, y if y.dtype.kind in _TEXTS else y.astype(np.int64), tuple(labels), file.name)


def _arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with np.load(file, allow_pickle=False) as found:
            if isinstance(found, np.ndarray):
                raise ValueError
            arrays = {name: found[name] for name in ("x", "y", "labels") if name in found}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, AttributeError, TypeError) as error:
        reason = getattr(error, "strerror", None) or "it is no .npz file of numbers and texts"
        raise _refusal(file, f"which cannot be read ({reason})") from error
    if missing := [name for name in ("x", "y") if name not in arrays]:
        raise _refusal(file, f"which has no array {missing[0]}; it takes x, the rows, and y, their labels")
    return arrays


def _rows(file: Path, x: npt.NDArray[Any]) -> Instances:
    if x.dtype.kind in _TEXTS:
        texts = np.empty(len(x), object)
        texts[:] = _column(x).astype(np.str_).tolist()
        return texts
    if x.dtype.kind not in _NUMBERS or not x.ndim:
        raise _refusal(file, f"whose x is {x.dtype}{x.shape}; it must be rows of numbers, or texts")
    numbers = x.astype(np.float32) if x.ndim > 1 else x.astype(np.float32)[:, None]
    if not np.isfinite(numbers).all():
        raise _refusal(file, "whose x has numbers that are not finite")
    return numbers


def _column(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array of shape (n, 1) as one of shape (n,), and bytes as texts."""
    flat = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
    return flat.astype(np.str_) if flat.dtype.kind == "S" else flat


def _labels_of(y: npt.NDArray[Any]) -> list[Label]:
    found: list[Label] = (
        np.unique(y).tolist() if y.dtype.kind in _TEXTS else np.unique(y.astype(int)).tolist()
    )
    is_place = y.dtype.kind not in _TEXTS and len(found) and found[0] == 0
    return list(range(int(y.max()) + 1)) if is_place else found


def _refusal(file: Path, why: str) -> LoadTestError:
    return LoadTestError(f"--rows-from is {str(file)!r}, {why}")
