"""The protocol of this project's service: `POST /predict?model=digits&variant=int8`, JSON both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from loadtests.errors import UnexpectedAnswerError
from loadtests.protocol.dialects.dialect import Answers, Ask
from loadtests.protocol.dialects.outputs import parsed, predictions_of
from loadtests.workload.payloads import Body, Instances, encode_instances
from loadtests.workload.target import Target


@dataclass(frozen=True)
class Predict:
    """Asks for one variant. Whatever the target names is named, so that no default can change under us."""

    target: Target
    form: str = "JSON instances"

    @property
    def path(self) -> str:
        query = urlencode({name: value for name, value in self._asked if value})
        return f"/predict?{query}" if query else "/predict"

    def encode(self, x: Instances) -> Body:
        return encode_instances(x)

    def read(self, status: int, content: bytes, rows: int) -> Answers:
        answer = parsed(status, content)
        if not isinstance(answer, dict):
            raise UnexpectedAnswerError("the answer is not an object")
        for name, asked in self._asked:
            if asked and answer.get(name) != asked:
                raise UnexpectedAnswerError(f"the answer is not from {name} {asked!r}")
        labels = self.target.labels
        probabilities = _probabilities(answer.get("probabilities"), rows, len(labels))
        predictions = predictions_of(answer.get("predictions"), rows)
        # In Python, 1 == 1.0 == True.
        if set(map(type, predictions)) != {type(labels[0])} or not set(predictions) <= set(labels):
            raise UnexpectedAnswerError("a prediction is not a label of the model")
        return Answers(predictions, probabilities)

    @property
    def _asked(self) -> list[tuple[str, str | int | None]]:
        target = self.target
        return [("model", target.model), ("version", target.version), ("variant", target.variant)]


def meet(target: Target, ask: Ask) -> Predict:
    """Ask nothing: the first request tells."""
    del ask
    return Predict(target)


def is_ready(target: Target, ask: Ask) -> bool:
    """Tell what the service says of itself: it loads a model when that is asked for."""
    del target
    return ask("GET", "/health/ready")[0] == 200


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
