"""Finds labels and scores among the outputs of a model that somebody else has named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from loadtests.errors import UnexpectedAnswerError
from loadtests.protocol.dialects.dialect import Answers
from loadtests.workload.payloads import Label
from loadtests.workload.target import Target


@dataclass(frozen=True, eq=False)
class Output:
    """One output of a model: what it says of each row."""

    name: str
    values: npt.NDArray[Any]  # (rows, columns) of floats, whole numbers, or texts as objects

    @property
    def columns(self) -> int:
        return int(self.values.shape[1])

    @property
    def is_text(self) -> bool:
        return self.values.dtype.kind == "O"

    def __str__(self) -> str:
        return f"{self.name!r} of {self.columns} a row" if self.name else f"{self.columns} a row"


def parsed(status: int, content: bytes) -> Any:
    """Return the JSON of an answer. Raises UnexpectedAnswerError for another status, and where it is none."""
    if status != 200:
        raise UnexpectedAnswerError(f"status {status}")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UnexpectedAnswerError("the answer is not JSON") from None


def predictions_of(predictions: Any, rows: int) -> list[Any]:
    """Return what an answer lists, one of each row. Raises UnexpectedAnswerError."""
    if not isinstance(predictions, list):
        raise UnexpectedAnswerError("the answer has no list of predictions")
    if len(predictions) != rows:
        raise UnexpectedAnswerError(f"{len(predictions)} predictions for {rows} rows")
    return predictions


def output_of(name: str, values: Any, rows: int) -> Output:
    """Return an output from what an answer holds for all rows, nested or flat.

    Raises UnexpectedAnswerError where that is not as much for each row, all of it numbers or all texts.
    """
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError):  # ragged, or a number beyond all bounds
        array = np.empty(0, object)
    if array.dtype.kind in "US" or (array.dtype.kind == "O" and _are_texts(array)):
        array = np.array(array.tolist(), object)
    elif array.dtype.kind == "b":
        array = array.astype(np.int64)
    elif array.dtype.kind not in "fiu":
        raise UnexpectedAnswerError(f"output {name!r} is neither numbers nor texts")
    if not array.size or array.size % rows:
        raise UnexpectedAnswerError(f"output {name!r} has {array.size} values for {rows} rows")
    return Output(name, array.reshape(rows, -1))


def answers_of(outputs: Sequence[Output], target: Target) -> Answers:
    """Return what the outputs say of the rows.

    Scores are those with as many columns as there are classes. A label is a text or a whole number in a
    column of its own: the label itself, or where labels are texts the place of a class. One float for each
    row is the probability of the second of two classes. Raises UnexpectedAnswerError where there is none of
    these, or something that is none of the labels.
    """
    # TensorFlow Serving does not name the only output.
    chosen = [one for one in outputs if not (target.output and one.name) or one.name == target.output]
    scores = next((one for one in chosen if one.columns == len(target.labels) and not one.is_text), None)
    named = next((one for one in chosen if one.columns == 1 and one.values.dtype.kind in "Oiu"), None)
    alone = next((one for one in chosen if one.columns == 1 and one.values.dtype.kind == "f"), None)
    if scores is None and named is None and alone is not None:
        if len(target.labels) == 2:
            scores = _of_two(alone)
        elif np.array_equal(alone.values, np.round(alone.values)):  # class numbers, as floats
            named = Output(alone.name, alone.values.astype(np.int64))
    if scores is None and named is None:
        raise UnexpectedAnswerError(
            f"no output has a label, or {len(target.labels)} numbers, for each row"
            f"{f' and the name {target.output!r}' if target.output else ''}; "
            f"there are {', '.join(map(str, outputs)) or 'none'}"
        )
    numbers = _finite(scores) if scores else [[] for _ in range(len(outputs[0].values))]
    if named is not None:
        return Answers(_labels(named, target.labels), numbers)
    return Answers([target.labels[place] for place in np.argmax(numbers, axis=1).tolist()], numbers)


def _are_texts(array: npt.NDArray[Any]) -> bool:
    return bool(array.size) and all(isinstance(one, str) for one in array.ravel().tolist())


def _of_two(output: Output) -> Output:
    second = output.values
    if not ((second >= 0) & (second <= 1)).all():  # nor where it is NaN
        raise UnexpectedAnswerError(
            f"output {output.name!r} is one number for each row, and not a probability of the second label"
        )
    return Output(output.name, np.hstack([1 - second, second]))


def _finite(output: Output) -> list[list[float]]:
    if not np.isfinite(output.values).all():
        raise UnexpectedAnswerError("a score is not a finite number")
    numbers: list[list[float]] = output.values.astype(np.float64).tolist()
    return numbers


def _labels(output: Output, labels: Sequence[Label]) -> list[Label]:
    """Return the labels that the only column of an output names."""
    values: list[Any] = output.values[:, 0].tolist()
    if output.is_text or isinstance(labels[0], int):
        known = {str(label): label for label in labels}
        found = [known.get(str(value)) for value in values]
    else:
        found = [labels[value] if 0 <= value < len(labels) else None for value in values]
    if None in found:
        strange = values[found.index(None)]
        raise UnexpectedAnswerError(f"output {output.name!r} has {strange!r:.50}, which is not a label")
    return [label for label in found if label is not None]
