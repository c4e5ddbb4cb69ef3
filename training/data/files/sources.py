"""Finds the data that the user named: a data set that everybody knows, or a file of their own.

To add a format of files, write its reader beside `arrays` and `csv_files`, and its entry into FORMATS.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.config import DataConfig
from training.data.cleaning import clean
from training.data.dataset import Dataset, RawData
from training.data.files import arrays, csv_files, idx
from training.errors import DataUnreadableError, OptionError

SKLEARN = ("breast_cancer", "digits", "iris", "wine")
DOWNLOADED = ("fashion_mnist", "mnist")
BUILT_IN = (*SKLEARN, *DOWNLOADED)


@dataclass(frozen=True)
class Format:
    """How files of one ending are read."""

    read: Callable[[Path, DataConfig], RawData]
    is_table: bool = False
    """Whether columns have names, which `--label` and its like can ask for."""


FORMATS = {
    ".npy": Format(lambda path, _: arrays.read_npy(path)),
    ".npz": Format(lambda path, _: arrays.read_npz(path)),
    ".csv": Format(csv_files.read_csv, is_table=True),
    ".csv.gz": Format(csv_files.read_csv, is_table=True),
}


def suffix(path: Path) -> str:
    """Return the ending that says what a file is; of a compressed table, both."""
    return "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix


def stem(path: Path) -> str:
    """Return the name of a file without its ending."""
    return path.name.removesuffix(suffix(path)) if suffix(path) in FORMATS else path.stem


def is_table(path: Path) -> bool:
    return suffix(path) in FORMATS and FORMATS[suffix(path)].is_table


def load(config: DataConfig) -> Dataset:
    """Read and clean the data. Raises DataError or OptionError."""
    return clean(_read(config), kind=config.kind, missing=config.missing)


def _read(config: DataConfig) -> RawData:
    path = Path(config.data)
    if not is_table(path):
        _refuse_options_of_tables(config)
    if config.data_dir is not None and config.data not in DOWNLOADED:
        raise OptionError(
            f"--data-dir was given, but {config.data} does not use it; {', '.join(DOWNLOADED)} do"
        )
    if config.data in SKLEARN:
        return _from_sklearn(config.data)
    if config.data in DOWNLOADED:
        return _of_keras(config.data, config.data_dir)
    return _from_file(path, config)


def _refuse_options_of_tables(config: DataConfig) -> None:
    given = {
        "--label": config.label,
        "--text": ", ".join(config.text),
        "--category": ", ".join(config.category),
        "--split": config.split,
        "--missing": "fill" if config.missing == "fill" else None,
    }
    for option, value in given.items():
        if value:
            raise OptionError(f"{option} {value} was given, but {config.data} is not a .csv file")


def _from_sklearn(name: str) -> RawData:
    from sklearn import datasets

    data: Any = getattr(datasets, f"load_{name}")()
    if name == "digits":
        return RawData(name, data.images.astype(np.uint8), data.target)
    names = np.array([str(label) for label in data.target_names])
    return RawData(name, data.data, names[data.target], tuple(str(feature) for feature in data.feature_names))


def _of_keras(name: str, folder: Path | None) -> RawData:
    if folder is None:
        train, test = _download(name)
        return arrays.join_published_split(name, train, test)
    if not folder.is_dir():
        raise DataUnreadableError(f"--data-dir {folder} is not a folder")
    archive = folder / f"{name}.npz"
    if archive.is_file():
        raw = arrays.read_npz(archive)
        if raw.test_rows == 0:
            raise DataUnreadableError(f"{archive} has no test split; {name} is published with one")
        return raw
    parts = idx.read_folder(folder)
    return arrays.join_published_split(
        name, (parts["x_train"], parts["y_train"]), (parts["x_test"], parts["y_test"])
    )


def _download(name: str) -> Any:
    from bundle.runtimes.tensorflow import import_tensorflow

    import_tensorflow()
    import keras

    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Keras draws a bar of its own there
            return getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises a bare one where a download fails
        raise DataUnreadableError(
            f"{name} could not be downloaded ({error}); if its files are on this disk, "
            "name their folder with --data-dir"
        ) from error


def _from_file(path: Path, config: DataConfig) -> RawData:
    if suffix(path) not in FORMATS:
        raise DataUnreadableError(
            f"{str(path)!r} is neither a built-in data set ({', '.join(BUILT_IN)}) "
            f"nor a file that ends in {', '.join(FORMATS)}"
        )
    if not path.is_file():
        raise DataUnreadableError(f"there is no file {path}")
    try:
        return FORMATS[suffix(path)].read(path, config)
    except PermissionError as error:
        raise DataUnreadableError(f"{path} cannot be read ({error.strerror})") from error
