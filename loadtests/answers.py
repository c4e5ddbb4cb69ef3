"""Reads one answer of the service and marks it against the true labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from loadtests.errors import UnexpectedAnswerError
from loadtests.payloads import Label
from loadtests.target import Target


def mark(status: int, content: bytes | None, expected: Sequence[Label], target: Target) -> list[int]:
    """Return the places at which the answer's label is not the true one; none if all are right.

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
    _check_probabilities(answer.get("probabilities"), len(expected), len(target.labels))
    predictions = answer.get("predictions")
    if not isinstance(predictions, list):
        raise UnexpectedAnswerError("the answer has no list of predictions")
    if len(predictions) != len(expected):
        raise UnexpectedAnswerError(f"{len(predictions)} predictions for {len(expected)} rows")
    kind = type(target.labels[0])
    if set(map(type, predictions)) != {kind}:  # in Python, 1 == 1.0 == True
        raise UnexpectedAnswerError("a prediction is not a label of the model")
    wrong = [place for place, label in enumerate(predictions) if label != expected[place]]
    if any(predictions[place] not in target.labels for place in wrong):
        raise UnexpectedAnswerError("a prediction is not a label of the model")
    return wrong


def _check_probabilities(probabilities: Any, rows: int, classes: int) -> None:
    if not isinstance(probabilities, list):
        raise UnexpectedAnswerError("the answer has no list of probabilities")
    if len(probabilities) != rows:
        raise UnexpectedAnswerError(f"probabilities of {len(probabilities)} rows for {rows} rows")
    if not all(isinstance(row, list) and len(row) == classes for row in probabilities):
        raise UnexpectedAnswerError(f"a row of probabilities does not have {classes} numbers")
