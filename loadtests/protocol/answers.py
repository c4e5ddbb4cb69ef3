"""Reads one answer of the service, and trusts nothing in it."""

from __future__ import annotations

import json
from typing import Any

from loadtests.errors import UnexpectedAnswerError
from loadtests.workload.payloads import Label
from loadtests.workload.target import Target


def read(
    status: int, content: bytes | None, rows: int, target: Target
) -> tuple[list[Label], list[list[float]]]:
    """Return the labels of an answer to `rows` rows, and the probabilities, a list of numbers a row.

    Raises UnexpectedAnswerError for anything that is not a complete and well-formed answer of the target: it
    tells nothing about accuracy.
    """
    if status != 200:
        raise UnexpectedAnswerError(f"status {status}")
    try:
        answer = json.loads(content or b"")
    except ValueError:
        raise UnexpectedAnswerError("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise UnexpectedAnswerError("the answer is not an object")
    for name, asked in (("model", target.model), ("version", target.version), ("variant", target.variant)):
        if answer.get(name) != asked:
            raise UnexpectedAnswerError(f"the answer is not from {name} {asked!r}")
    probabilities = _probabilities(answer.get("probabilities"), rows, len(target.labels))
    predictions = answer.get("predictions")
    if not isinstance(predictions, list):
        raise UnexpectedAnswerError("the answer has no list of predictions")
    if len(predictions) != rows:
        raise UnexpectedAnswerError(f"{len(predictions)} predictions for {rows} rows")
    kind = type(target.labels[0])
    # In Python, 1 == 1.0 == True.
    if set(map(type, predictions)) != {kind} or not set(predictions) <= set(target.labels):
        raise UnexpectedAnswerError("a prediction is not a label of the model")
    return predictions, probabilities


def _probabilities(probabilities: Any, rows: int, classes: int) -> list[list[float]]:
    if not isinstance(probabilities, list):
        raise UnexpectedAnswerError("the answer has no list of probabilities")
    if len(probabilities) != rows:
        raise UnexpectedAnswerError(f"probabilities of {len(probabilities)} rows for {rows} rows")
    if not all(isinstance(row, list) and len(row) == classes for row in probabilities):
        raise UnexpectedAnswerError(f"a row of probabilities does not have {classes} numbers")
    if not all(type(value) in {int, float} and 0 <= value <= 1 for row in probabilities for value in row):
        raise UnexpectedAnswerError("a probability is not a number from 0 to 1")
    return probabilities
