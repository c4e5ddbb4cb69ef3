"""Finds the data that the user named: a data set that everybody knows, or a file of their own.

To add a format of files, write its reader beside `arrays`, `csv_files`, `images` and `workbooks`, and its
entry into FORMATS.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import Any, Literal

import numpy as np

from training.config import DataConfig
from training.data.cleaning import clean
from training.data.dataset import Dataset, RawData, Unlabelled
from training.data.files import arrays, csv_files, images, workbooks
from training.data.files.columns import Known
from training.data.files.tables import Table, as_raw
from training.data.files.text_files import COMPRESSIONS
from training.data.named import idx, mnist1d
from training.errors import DataUnreadableError, FeaturesError, OptionError, UndeclaredColumnError

SKLEARN = ("breast_cancer", "digits", "iris", "wine")
DRAWN = ("mnist1d",)
DOWNLOADED = ("fashion_mnist", "mnist")
BUILT_IN = (*SKLEARN, *DRAWN, *DOWNLOADED)


@dataclass(frozen=True)
class Format:
    """How files of one ending are read: as arrays, or as a table, whose columns have names."""

    arrays: Callable[[Path, DataConfig, Known], RawData] | None = None
    table: Callable[[Path, DataConfig, Known], Table] | None = None
    needs: tuple[str, ...] = ()
    """Libraries of which one must be installed."""

    @property
    def is_there(self) -> bool:
        return not self.needs or any(find_spec(name) is not None for name in self.needs)

    def read(self, path: Path, config: DataConfig, known: Known) -> RawData:
        if self.table is not None:
            return as_raw(self.table(path, config, known), config, known)
        assert self.arrays is not None  # noqa: S101 - a format has one of the two
        return self.arrays(path, config, known)


FOLDER = "/"
_TEXT = Format(table=csv_files.read_csv)
FORMATS = {
    FOLDER: Format(images.read_folder, needs=("PIL",)),
    ".npy": Format(lambda path, _, known: arrays.read_npy(path, known)),
    ".npz": Format(arrays.read_npz),
    **{kind + compression: _TEXT for kind in (".csv", ".tsv") for compression in ("", *COMPRESSIONS)},
    ".parquet": Format(table=workbooks.read_parquet, needs=("pyarrow", "fastparquet")),
    ".xlsx": Format(table=workbooks.read_xlsx, needs=("openpyxl", "python_calamine")),
}


def suffix(path: Path) -> str:
    """Return the ending that says what a file is, in lower case; of a compressed table, both.

    Whatever the name of a folder ends with, it is a FOLDER.
    """
    if path.is_dir():
        return FOLDER
    last = path.suffix.lower()
    return "".join(path.suffixes[-2:]).lower() if last in COMPRESSIONS else last


def stem(path: Path) -> str:
    """Return the name of a file without its ending, or that of a folder."""
    ending = suffix(path)
    if ending == FOLDER:
        return path.resolve().name
    return path.name[: -len(ending)] if ending in FORMATS else path.stem


def is_table(path: Path) -> bool:
    return suffix(path) in FORMATS and FORMATS[suffix(path)].table is not None


def load(config: DataConfig, known: Known | None = None) -> Dataset:
    """Read and clean the data, for the model that is `known`, if any. Raises DataError or OptionError."""
    known = known or Known()
    raw = _read_for_model(config, known)
    return clean(raw, kind=config.kind, missing=config.missing, shape=known.shape)


def load_rows(config: DataConfig, shape: tuple[int, ...], labels: Literal["absent", "ignored"]) -> Unlabelled:
    """Read and clean rows for a model that takes rows of `shape`, without what is said of them.

    Raises DataError or OptionError, the latter also where labels are said to be absent, and are there.
    """
    absent = labels == "absent"
    if absent and config.label is not None:
        raise OptionError("--label and --unlabelled were both given")
    raw = _read_for_model(config, Known(shape=shape, labelled="no" if absent else "either"))
    if absent and raw.labelled:
        raise OptionError(f"{config.data} has labels: leave --unlabelled away")
    raw = replace(raw, y=np.zeros(len(raw.x), np.int64), labelled=False, absent=())
    data = clean(raw, kind=config.kind, missing=config.missing, shape=shape)
    return Unlabelled(data.name, data.x, data.input, data.stored, data.test_rows, data.notes, data.taken)


def _read_for_model(config: DataConfig, known: Known) -> RawData:
    """Read the data, and advise nothing that makes no sense for an imported model."""
    try:
        return _read(config, known)
    except UndeclaredColumnError as error:
        if known.shape is None:
            raise
        raise FeaturesError(
            f"{config.data} has words in column {error.column!r}, and an imported model takes numbers alone: "
            f"leave it out with --ignore {quote(error.column)}, or say that they are numbers with --numeric"
        ) from error


def _read(config: DataConfig, known: Known) -> RawData:
    path = Path(config.data)
    _refuse_options_of_other_data(path, config)
    if config.data_dir is not None and config.data not in DOWNLOADED:
        raise OptionError(
            f"--data-dir was given, but {config.data} does not use it; {', '.join(DOWNLOADED)} do"
        )
    if config.data in SKLEARN:
        return _from_sklearn(config.data)
    if config.data in DRAWN:
        return mnist1d.draw(config.data)
    if config.data in DOWNLOADED:
        return _of_keras(config.data, config.data_dir)
    return _from_file(path, config, known)


def _refuse_options_of_other_data(path: Path, config: DataConfig) -> None:
    """Raise OptionError for what has a meaning in a table alone, or in one that is a text.

    A file that cannot be read is refused for that, and not for the options that it would have needed.
    """
    if config.data not in BUILT_IN and suffix(path) not in FORMATS:
        return
    of_tables = {
        "--label": config.label,
        "--text": ", ".join(config.text),
        "--category": ", ".join(config.category),
        "--numeric": ", ".join(config.numeric),
        "--split": config.split,
        "--group": config.group,
        "--time": config.time,
        "--missing": "fill" if config.missing == "fill" else None,
        "--ignore": None if suffix(path) == ".npz" else ", ".join(config.ignore),
    }
    defaults = DataConfig.model_fields
    if config.image_size is not None and (config.data in BUILT_IN or suffix(path) != FOLDER):
        raise OptionError(f"--image-size was given, but {config.data} is no folder of images")
    of_texts = {
        f"--{name}": getattr(config, name)
        for name in ("sep", "decimal", "encoding")
        if getattr(config, name) != defaults[name].default
    }
    refused = {} if is_table(path) else of_tables
    refused |= {} if is_table(path) and FORMATS[suffix(path)] is _TEXT else of_texts
    for option, value in refused.items():
        if value:
            other = "another table" if option in of_tables else "a .tsv"
            raise OptionError(
                f"{option} {value} was given, but {config.data} is not a .csv file, nor {other}"
            )


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
        raw = arrays.read_npz(archive, DataConfig(data=name), Known())
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


def _from_file(path: Path, config: DataConfig, known: Known) -> RawData:
    kind = FORMATS.get(suffix(path))
    if kind is None:
        raise DataUnreadableError(
            f"{str(path)!r} is neither a built-in data set ({', '.join(BUILT_IN)}) nor a folder of images, "
            f"nor a file that is read here: {_readable()}"
        )
    if not kind.is_there:
        raise DataUnreadableError(
            f"{path} cannot be read here, since {suffix(path)} needs {' or '.join(kind.needs)}, which is not "
            f"installed; what can be read is {_readable()}"
        )
    if not path.exists():
        raise DataUnreadableError(f"there is no file {path}")
    try:
        return kind.read(path, config, known)
    except PermissionError as error:
        raise DataUnreadableError(f"{path} cannot be read ({error.strerror})") from error


def _readable() -> str:
    """List the endings of the files that can be read with what is installed."""
    plain = [one for one, kind in FORMATS.items() if kind.is_there and one.count(".") == 1]  # no FOLDER
    return f"{', '.join(plain)}, and .csv or .tsv compressed as {', '.join(COMPRESSIONS)}"
