"""TensorFlow Serving's REST protocol: `POST /v1/models/digits:predict`, rows as JSON `instances`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any
from urllib.parse import quote

from loadtests.errors import RowsError, UnexpectedAnswerError
from loadtests.protocol.dialects.dialect import Answers, Ask
from loadtests.protocol.dialects.outputs import answers_of, output_of, parsed, predictions_of
from loadtests.workload.payloads import Body, Instances, encode_instances
from loadtests.workload.target import Target


@dataclass(frozen=True)
class TensorFlowServing:
    """Asks for one model."""

    target: Target
    shape: tuple[int, ...] | None = None
    """Of a row, -1 for any size; None where the server does not say, and rows are sent as they are."""

    @property
    def path(self) -> str:
        return f"{_place(self.target)}:predict"

    @property
    def form(self) -> str:
        return f"JSON instances{f' of shape {list(self.shape)}' if self.shape else ''}"

    def encode(self, x: Instances) -> Body:
        if self.shape is None or x.dtype.kind == "O":
            return encode_instances(x)
        size = prod(x.shape[1:])
        known, free = prod(one for one in self.shape if one > 0), sum(one < 0 for one in self.shape)
        if free > 1:
            return encode_instances(x)
        if size % known or (not free and size != known):
            raise RowsError(
                f"the model takes rows of shape {list(self.shape)}; those to send are of {list(x.shape[1:])}"
            )
        return encode_instances(
            x.reshape([len(x), *(size // known if one < 0 else one for one in self.shape)])
        )

    def read(self, status: int, content: bytes, rows: int) -> Answers:
        answer = parsed(status, content)
        predictions = predictions_of(answer.get("predictions") if isinstance(answer, dict) else None, rows)
        return answers_of(
            [output_of(name, of, rows) for name, of in _columns(predictions).items()], self.target
        )


def meet(target: Target, ask: Ask) -> TensorFlowServing:
    """Read from the metadata, where there is any, in which shape the model takes a row."""
    status, content = ask("GET", f"{_place(target)}/metadata")
    return TensorFlowServing(target, _shape(content) if status == 200 else None)


def is_ready(target: Target, ask: Ask) -> bool:
    """Tell whether a version of the model is available, or, as KServe says it, the model is ready."""
    status, content = ask("GET", _place(target))
    try:
        told = json.loads(content) if status == 200 else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(told, dict):
        return False
    versions = told.get("model_version_status")
    states = (
        [one.get("state") for one in versions if isinstance(one, dict)] if isinstance(versions, list) else []
    )
    return "AVAILABLE" in states or told.get("ready") is True


def _place(target: Target) -> str:
    version = "" if target.version is None else f"/versions/{target.version}"
    label = f"/labels/{quote(target.version_label, safe='')}" if target.version_label else ""
    return f"/v1/models/{quote(target.served, safe='~')}{version}{label}"


def _columns(predictions: list[Any]) -> Mapping[str, list[Any]]:
    """Return what the model says of all rows, by output; of one output it does not say the name."""
    first = predictions[0]
    if not isinstance(first, dict):
        return {"": predictions}
    if not all(isinstance(one, dict) and one.keys() == first.keys() for one in predictions):
        raise UnexpectedAnswerError("a prediction does not have the outputs of the others")
    return {str(name): [one[name] for one in predictions] for name in first}


def _shape(content: bytes) -> tuple[int, ...] | None:
    """Return the shape of a row, if the metadata tells of one input, and of how many dimensions."""
    try:
        signatures = json.loads(content)["metadata"]["signature_def"]["signature_def"]
        (declared,) = signatures.get("serving_default", {})["inputs"].values()
        sizes = [int(one["size"]) for one in declared["tensor_shape"]["dim"]]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return tuple(sizes[1:]) or None
