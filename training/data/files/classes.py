"""Reads the labels of a table: whole numbers exactly, or words; never floats."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from training.data.dataset import Labels
from training.data.files.words import MISSING, is_plain, written
from training.errors import LabelsError, listed

_LONGEST = 200  # characters; an array of labels has room for the longest in every row
_CODE = re.compile(r"[+-]?0\d+")  # 007 is a code, not seven


@dataclass(frozen=True)
class ReadLabels:
    """The label of each row, and which rows have none."""

    y: Labels  # (n,)
    missing: npt.NDArray[np.bool_]  # (n,)
    notes: tuple[str, ...] = ()


def read_labels(cells: Any, name: str, known: tuple[int, ...] | tuple[str, ...] | None = None) -> ReadLabels:
    """Read the labels of a column called `name`: in the type of the classes of a model, where they are known.

    Otherwise, where every label is a whole number of 64 bits, as in 1, -1 or 2.0, labels are integers; else
    they are the words themselves. Raises LabelsError.
    """
    import pandas as pd

    codes, found = pd.factorize(np.array([written(cell) for cell in cells], dtype=object))
    texts = [str(text) for text in found]
    longest = max(texts, key=len, default="")
    if len(longest) > _LONGEST:
        raise LabelsError(
            f"{name} has a label of {len(longest)} characters, {longest[:40] + '...'!r}; labels have at most "
            f"{_LONGEST}"
        )
    read, notes = _in_type_of(known, texts, name) if known is not None else _as_they_look(texts, name)
    values = [read.get(text) for text in texts]
    absent = np.array([value is None for value in values], np.bool_)
    whole = any(isinstance(value, int) for value in values)
    filled: list[Any] = [(0 if whole else "") if value is None else value for value in values]
    classes: Labels = np.array(filled, np.int64) if whole else np.array(filled, np.str_)
    if not len(codes):
        return ReadLabels(classes, np.zeros(0, np.bool_))
    return ReadLabels(classes[codes], absent[codes], notes)


def _in_type_of(
    known: tuple[int, ...] | tuple[str, ...], texts: list[str], name: str
) -> tuple[Mapping[str, int | str], tuple[str, ...]]:
    held = set(known)
    there = [text for text in texts if text and (text in held or text not in MISSING)]
    if isinstance(known[0], str):
        return {text: text for text in there}, ()
    numbers, strange = _whole_numbers(there)
    if strange:
        raise LabelsError(
            f"{name} has the label {strange[0]!r}; the model knows {listed([str(one) for one in known])}"
        )
    return numbers, ()


def _as_they_look(texts: list[str], name: str) -> tuple[Mapping[str, int | str], tuple[str, ...]]:
    """Return the label that each text is; a text that is none is not there."""
    there = [text for text in texts if text not in MISSING]
    if not there or not all(map(is_plain, there)):
        doubtful = [repr(text) for text in texts if text and text in MISSING]
        note = f"{name} has the label {listed(doubtful)}, taken for a class; an empty cell has no label"
        return {text: text for text in texts if text}, (note,) if doubtful else ()
    if any(_CODE.fullmatch(text) for text in there):
        return {text: text for text in there}, ()
    numbers, fractions = _whole_numbers(there)
    if fractions:
        raise LabelsError(
            f"labels such as {fractions[0]} in {name}, which looks like regression; a classifier's labels "
            "are integers or strings"
        )
    if any(not -(2**63) <= value < 2**63 for value in numbers.values()):
        return {text: text for text in there}, ()
    return numbers, ()


def _whole_numbers(texts: list[str]) -> tuple[dict[str, int], list[str]]:
    """Return the whole number that each text writes, and the texts that write none."""
    numbers, others = {}, []
    for text in texts:
        value = _whole(text)
        if value is None:
            others.append(text)
        else:
            numbers[text] = value
    return numbers, others


def _whole(text: str) -> int | None:
    """Return the whole number that a text writes, to the last digit; None where it writes none."""
    if not is_plain(text):
        return None
    exact = Decimal(text)
    if exact.adjusted() > 40 or exact != exact.to_integral_value():
        return None
    return int(exact)
