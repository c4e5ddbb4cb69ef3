"""The Open Inference Protocol v2 over REST, as Triton, KServe, MLServer, OpenVINO and this service speak it.

Rows go as JSON; with `?binary`, as the binary tensors of the protocol's extension, where a server offers it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any
from urllib.parse import quote

from loadtests.errors import LoadTestError, UnexpectedAnswerError
from loadtests.protocol.dialects.dialect import Answers, Ask
from loadtests.protocol.dialects.outputs import Output, answers_of, output_of
from loadtests.protocol.dialects.tensors import Input, Tensor, tensors_of, values_of
from loadtests.workload.payloads import Body, Instances
from loadtests.workload.target import Target

_EXTENSION = "binary_tensor_data"
_ID = "1"  # a server that is given none may make one up, and then no two answers are the same bytes


@dataclass(frozen=True)
class OpenInference:
    """Asks for one model, whose inputs are known."""

    target: Target
    inputs: tuple[Input, ...]

    @property
    def path(self) -> str:
        return f"{_place(self.target)}/infer"

    @property
    def form(self) -> str:
        kind = "binary tensors" if self.target.is_binary else "JSON tensors"
        output = f", for {self.target.output} alone" if self.target.output else ""
        return f"{kind} ({', '.join(map(str, self.inputs)) or 'of any name'}){output}"

    def encode(self, x: Instances) -> Body:
        tensors = tensors_of(self.inputs, x)
        request: dict[str, Any] = {"id": _ID}
        if self.target.output:
            request["outputs"] = [{"name": self.target.output}]
        if not self.target.is_binary:
            request["inputs"] = [{**_head(one), "data": one.as_list()} for one in tensors]
            return Body(json.dumps(request, separators=(",", ":")).encode())
        blobs = [one.as_bytes() for one in tensors]
        request["parameters"] = {"binary_data_output": True}
        request["inputs"] = [
            {**_head(one), "parameters": {"binary_data_size": len(blob)}}
            for one, blob in zip(tensors, blobs, strict=True)
        ]
        head = json.dumps(request, separators=(",", ":")).encode()
        fields = (
            ("Content-Type", "application/octet-stream"),
            ("Inference-Header-Content-Length", str(len(head))),
        )
        return Body(b"".join([head, *blobs]), fields)

    def read(self, status: int, content: bytes, rows: int) -> Answers:
        if status != 200:
            raise UnexpectedAnswerError(f"status {status}")
        answer, blobs = _parted(content)
        see_who_answers(self.target, answer)
        outputs = answer.get("outputs")
        if not isinstance(outputs, list) or not all(isinstance(one, dict) for one in outputs):
            raise UnexpectedAnswerError("the answer has no list of outputs")
        found = []
        for one in outputs:
            output, blobs = _output(one, blobs, rows)
            found.append(output)
        if blobs:
            raise UnexpectedAnswerError(f"{len(blobs)} bytes follow the outputs")
        return answers_of(found, self.target)


def meet(target: Target, ask: Ask) -> OpenInference:
    """Read the model's metadata, and see that the server offers binary tensors where they are asked for."""
    place = _place(target)
    metadata = _json(place, *ask("GET", place))
    if target.is_binary:
        extensions = _json("/v2", *ask("GET", "/v2")).get("extensions")
        if not isinstance(extensions, list) or _EXTENSION not in extensions:
            raise LoadTestError(f"it does not offer {_EXTENSION}, so that it cannot be asked with ?binary")
    return OpenInference(target, inputs_of(metadata))


def is_ready(target: Target, ask: Ask) -> bool:
    """Tell what the server says of the model."""
    return ask("GET", f"{_place(target)}/ready")[0] == 200


def inputs_of(metadata: Mapping[str, Any]) -> tuple[Input, ...]:
    """Return the inputs that a model's metadata declares. Raises LoadTestError where that is none."""
    try:
        return tuple(
            Input(str(one["name"]), str(one["datatype"]), tuple(int(size) for size in one["shape"]))
            for one in metadata.get("inputs") or ()
        )
    except (TypeError, KeyError, ValueError, OverflowError) as error:  # an infinite size, for one
        raise LoadTestError("its metadata of the model does not say which inputs it takes") from error


def see_who_answers(target: Target, answer: Mapping[str, Any]) -> None:
    """See that an answer is of the model that was asked, if it says so. Raises UnexpectedAnswerError."""
    asked = {"model_name": target.served, "model_version": target.version and str(target.version)}
    for name, expected in asked.items():
        told = answer.get(name)
        if expected and told and str(told) != expected:
            raise UnexpectedAnswerError(f"the answer is not from {name} {expected!r}")


def _place(target: Target) -> str:
    version = "" if target.version is None else f"/versions/{target.version}"
    return f"/v2/models/{quote(target.served, safe='~')}{version}"


def _head(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "shape": tensor.shape, "datatype": tensor.datatype}


def _json(place: str, status: int, content: bytes) -> dict[str, Any]:
    """Return what a server says of itself. Raises LoadTestError."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if status != 200 or not isinstance(found, dict):
        told = found.get("error") if isinstance(found, dict) else None
        raise LoadTestError(f"{place} answers {status}{f': {told}' if told else ', and not what it should'}")
    return found


def _parted(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the JSON of an answer, and the bytes behind it. It shows where it ends: no field need tell."""
    try:
        text = content.decode("latin-1")  # a character for each byte
        _, end = json.JSONDecoder().raw_decode(text)
        answer, rest = json.loads(content[:end]), content[end:]
    except (ValueError, RecursionError):
        raise UnexpectedAnswerError("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise UnexpectedAnswerError("the answer is not an object")
    return answer, rest if rest.strip() else b""


def _output(one: Mapping[str, Any], blobs: bytes, rows: int) -> tuple[Output, bytes]:
    """Return an output, and the bytes of those that follow."""
    name, values, rest = str(one.get("name")), one.get("data"), blobs
    parameters = one.get("parameters")
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if values is None and type(size) is int and 0 <= size <= len(blobs):
        values, rest = values_of(name, one.get("datatype"), blobs[:size]), blobs[size:]
    return shaped(name, one.get("shape"), values, rows), rest


def shaped(name: str, shape: Any, values: Any, rows: int) -> Output:
    """Return an output of which an answer says the shape. Raises UnexpectedAnswerError."""
    output = output_of(name, values, rows)
    if not _fits(shape, output, rows):
        raise UnexpectedAnswerError(f"output {name!r} says that its shape is {shape!r:.50}, for {rows} rows")
    return output


def _fits(shape: Any, output: Output, rows: int) -> bool:
    if not isinstance(shape, Sequence) or not shape or not all(type(one) is int for one in shape):
        return False
    return bool(shape[0] == rows and prod(shape) == output.values.size)
