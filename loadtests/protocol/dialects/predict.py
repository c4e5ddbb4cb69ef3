"""The protocol of this project's service: `POST /predict?model=digits&variant=int8`, answered in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bundle.manifest import AUTO
from loadtests.errors import RowsError, UnexpectedAnswerError
from loadtests.protocol.dialects.dialect import Answers, Ask
from loadtests.protocol.dialects.outputs import parsed, predictions_of
from loadtests.workload.payloads import Body, Instances, encode_instances
from loadtests.workload.target import Target


@dataclass(frozen=True)
class Predict:
    """Asks for one variant. Whatever the target names is named, so that no default can change under us."""

    target: Target

    @property
    def form(self) -> str:
        return "octets, float32" if self.target.is_binary else "JSON instances"

    @property
    def path(self) -> str:
        fields = {name: value for name, value in self._asked if value}
        if deadline_ms := self.target.deadline_ms:
            fields["timeout_ms"] = f"{deadline_ms:g}"
            if self.target.is_chosen:
                fields["max_latency_ms"] = f"{deadline_ms:g}"
        return f"/predict?{urlencode(fields)}" if fields else "/predict"

    def encode(self, x: Instances) -> Body:
        if not self.target.is_binary:
            return encode_instances(x)
        if x.dtype.kind == "O":
            raise RowsError(f"{self.target} takes texts or fields, which are not sent as octets")
        return Body(x.astype("<f4").tobytes(), (("Content-Type", "application/octet-stream"),))

    def read(self, status: int, content: bytes, rows: int) -> Answers:
        answer = parsed(status, content)
        if not isinstance(answer, dict):
            raise UnexpectedAnswerError("the answer is not an object")
        chosen = answer.get("variant") if self.target.is_chosen else ""
        if not isinstance(chosen, str):
            raise UnexpectedAnswerError("the answer does not say which variant it is from")
        for name, asked in self._asked:
            if asked and asked != AUTO and answer.get(name) != asked:
                raise UnexpectedAnswerError(f"the answer is not from {name} {asked!r}")
        labels = self.target.labels
        probabilities = _probabilities(answer.get("probabilities"), rows, len(labels))
        predictions = predictions_of(answer.get("predictions"), rows)
        # In Python, 1 == 1.0 == True.
        if set(map(type, predictions)) != {type(labels[0])} or not set(predictions) <= set(labels):
            raise UnexpectedAnswerError("a prediction is not a label of the model")
        return Answers(predictions, probabilities, chosen)

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
