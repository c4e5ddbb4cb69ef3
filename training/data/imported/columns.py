"""What each output of an imported model stands for: told by a file of labels, or taken from the data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bundle.fields import word
from training.data.dataset import Dataset, IntArray, Labels
from training.data.files.classes import read_labels as read_cells
from training.data.labels import class_indices
from training.errors import DataUnreadableError, LabelsError, listed

Classes = tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True)
class Named:
    """Data whose labels are what the model's outputs are called."""

    data: Dataset
    labels: Classes
    """What each output stands for, in the order of the outputs."""
    notes: tuple[str, ...] = ()


def read_labels(path: Path) -> tuple[str, ...]:
    """Read a file of labels, one a line, in the order of a model's outputs.

    Raises DataUnreadableError for a file that is no text, and LabelsError for a line without a label, or a
    label that comes twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataUnreadableError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataUnreadableError(f"{path} is not a text in UTF-8 ({error.reason})") from error
    labels = [word(line) for line in text.rstrip().split("\n")]
    blank = next((number for number, label in enumerate(labels, 1) if not label), None)
    if blank is not None:
        raise LabelsError(f"{path} has no label in line {blank}; it must hold one a line")
    repeated = [repr(label) for label, count in Counter(labels).items() if count > 1]
    if repeated:
        raise LabelsError(f"{path} holds more than once the label {listed(repeated)}")
    return tuple(labels)


def column_labels(columns: int, names: tuple[str, ...] | None) -> Classes:
    """Return what outputs are called where no data say it: by their names, or by their numbers from 0.

    Names that are whole numbers become such. Raises LabelsError where there are more of them, or fewer.
    """
    if names is None:
        return tuple(range(columns))
    require_classes(columns, names)
    return _typed(names)


def require_classes(columns: int, labels: Classes) -> None:
    """Raise LabelsError unless there is a label for each of the model's `columns`."""
    if columns != len(labels):
        named = listed([str(label) for label in labels])
        raise LabelsError(f"the model has {columns} outputs, and there are {len(labels)} labels: {named}")


def name_columns(data: Dataset, columns: int, names: tuple[str, ...] | None) -> Named:
    """Say which label each of a model's `columns` stands for, and call the rows of `data` so.

    `names` come from `read_labels`. Where the data number what the names call by words, the numbers are those
    of the columns, from 0. Without names, so are whole numbers; words, and other numbers, are taken in their
    order. Raises LabelsError where the data have labels that are no output, or cannot be told.
    """
    if names is not None:
        labels = column_labels(columns, names)
        indices = as_columns(data.y, labels)
        return Named(replace(data, y=np.array(labels)[indices]), labels)
    found = data.labels
    if isinstance(found[0], int) and found[0] >= 0 and int(found[-1]) < columns:
        return Named(data, tuple(range(columns)))
    if len(found) != columns:
        named = listed([repr(label) for label in found])
        raise LabelsError(
            f"the model has {columns} outputs, and {data.name} has {len(found)} labels, {named}: say in a "
            "file what each output stands for, one a line, and give it with --labels"
        )
    note = f"the model's outputs were taken for {listed([repr(label) for label in found])}, in this order"
    return Named(data, found, (f"{note}; where it is another, give --labels",))


def as_columns(y: Labels, labels: Classes) -> IntArray:
    """Return the number of each label's column, (n,); words call the columns that whole numbers number.

    Raises LabelsError for a label that is none.
    """
    if y.dtype.kind == "U" or isinstance(labels[0], int):
        return class_indices(y, labels)
    numbers = y.astype(np.int64)
    beyond = numbers[(numbers < 0) | (numbers >= len(labels))]
    if len(beyond):
        raise LabelsError(
            f"there is the label {beyond[0]}, and {len(labels)} outputs, from 0 to {len(labels) - 1}"
        )
    return numbers


def _typed(names: tuple[str, ...]) -> Classes:
    """Return names in the type that a table's labels would have."""
    values = read_cells(np.array(names, object), "the file of labels").y.tolist()
    return tuple(values) if len(set(values)) == len(names) else names
