"""Finds the data that the user named: a data set that everybody knows, or a file of their own."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from training.config import DataConfig
from training.data import files, idx
from training.data.dataset import Dataset, RawData, clean
from training.data.tables import Columns
from training.errors import DataUnreadableError, OptionError

SKLEARN = ("breast_cancer", "digits", "iris", "wine")
DOWNLOADED = ("fashion_mnist", "mnist")
BUILT_IN = (*SKLEARN, *DOWNLOADED)


def load(config: DataConfig) -> Dataset:
    """Read and clean the data. Raises DataError or OptionError."""
    return clean(_read(config), kind=config.kind, missing=config.missing)


def _read(config: DataConfig) -> RawData:
    path = Path(config.data)
    if files.suffix(path) not in files.TABLES:
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
        return files.join_published_split(name, train, test)
    if not folder.is_dir():
        raise DataUnreadableError(f"--data-dir {folder} is not a folder")
    archive = folder / f"{name}.npz"
    if archive.is_file():
        raw = files.read_npz(archive)
        if raw.test_rows == 0:
            raise DataUnreadableError(f"{archive} has no test split; {name} is published with one")
        return raw
    arrays = idx.read_folder(folder)
    return files.join_published_split(
        name, (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
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
    if files.suffix(path) not in files.SUFFIXES:
        raise DataUnreadableError(
            f"{str(path)!r} is neither a built-in data set ({', '.join(BUILT_IN)}) "
            f"nor a file that ends in {', '.join(files.SUFFIXES)}"
        )
    if not path.is_file():
        raise DataUnreadableError(f"there is no file {path}")
    try:
        if files.suffix(path) in files.TABLES:
            columns = Columns(config.text, config.category, config.split, config.missing == "fill")
            return files.read_csv(path, config.label, columns)
        return files.read_npy(path) if path.suffix == ".npy" else files.read_npz(path)
    except PermissionError as error:
        raise DataUnreadableError(f"{path} cannot be read ({error.strerror})") from error
