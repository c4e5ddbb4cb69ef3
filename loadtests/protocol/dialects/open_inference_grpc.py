"""The Open Inference Protocol v2 over gRPC: tensors as raw bytes, which Triton, KServe and others take."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from loadtests.errors import LoadTestError, UnexpectedAnswerError
from loadtests.protocol.dialects import protobuf
from loadtests.protocol.dialects.dialect import Answers, Ask
from loadtests.protocol.dialects.open_inference import see_who_answers, shaped
from loadtests.protocol.dialects.outputs import answers_of
from loadtests.protocol.dialects.tensors import Input, tensors_of, values_of
from loadtests.workload.payloads import Body, Instances
from loadtests.workload.target import Target

_SERVICE = "/inference.GRPCInferenceService"
_ID = "1"
# The fields of the messages.
_MODEL, _VERSION, _REQUEST_ID = 1, 2, 3
_INPUTS, _REQUESTED, _RAW_INPUTS = 5, 6, 7
_OUTPUTS, _RAW_OUTPUTS = 5, 6
_METADATA_INPUTS = 4
_NAME, _DATATYPE, _SHAPE, _CONTENTS = 1, 2, 3, 5
_FP32, _FP64, _TEXTS = 6, 7, 8  # of an answer's typed contents; the others are whole numbers


@dataclass(frozen=True)
class OpenInferenceGrpc:
    """Asks for one model, whose inputs are known."""

    target: Target
    inputs: tuple[Input, ...]

    @property
    def path(self) -> str:
        return f"{_SERVICE}/ModelInfer"

    @property
    def form(self) -> str:
        output = f", for {self.target.output} alone" if self.target.output else ""
        return f"raw tensors over gRPC ({', '.join(map(str, self.inputs)) or 'of any name'}){output}"

    def encode(self, x: Instances) -> Body:
        tensors = tensors_of(self.inputs, x)
        head = protobuf.message(*_asked(self.target), (_REQUEST_ID, _ID))
        inputs = [
            protobuf.blob(
                _INPUTS,
                protobuf.message((_NAME, one.name), (_DATATYPE, one.datatype), (_SHAPE, one.shape)),
            )
            for one in tensors
        ]
        wanted = protobuf.message((_NAME, self.target.output))
        requested = [protobuf.blob(_REQUESTED, wanted)] if self.target.output else []
        raw = [protobuf.blob(_RAW_INPUTS, one.as_bytes()) for one in tensors]
        return Body(b"".join([head, *inputs, *requested, *raw]), ())

    def read(self, status: int, content: bytes, rows: int) -> Answers:
        if status != 200:
            raise UnexpectedAnswerError(f"status {status}")
        try:
            answer = protobuf.read(content)
            name, version = (protobuf.text(answer, field) for field in (_MODEL, _VERSION))
            see_who_answers(self.target, {"model_name": name, "model_version": version})
            outputs = [protobuf.read(one) for one in protobuf.messages(answer, _OUTPUTS)]
            raw = protobuf.messages(answer, _RAW_OUTPUTS)
            if raw and len(raw) != len(outputs):
                raise UnexpectedAnswerError(f"{len(raw)} raw contents for {len(outputs)} outputs")
            found = []
            for place, one in enumerate(outputs):
                name, datatype = protobuf.text(one, _NAME), protobuf.text(one, _DATATYPE)
                values = values_of(name, datatype, raw[place]) if raw else _typed(one)
                found.append(shaped(name, protobuf.numbers(one, _SHAPE), values, rows))
        except ValueError:
            raise UnexpectedAnswerError("the answer is not a message of the protocol") from None
        return answers_of(found, self.target)


def meet(target: Target, ask: Ask) -> OpenInferenceGrpc:
    """Read the model's metadata."""
    fields = _call(target, ask, "ModelMetadata")
    try:
        inputs = [protobuf.read(one) for one in protobuf.messages(fields, _METADATA_INPUTS)]
        return OpenInferenceGrpc(
            target,
            tuple(
                Input(
                    protobuf.text(one, _NAME),
                    protobuf.text(one, _DATATYPE),
                    tuple(protobuf.numbers(one, _SHAPE)),
                )
                for one in inputs
            ),
        )
    except ValueError:
        raise LoadTestError("its metadata of the model is not a message of the protocol") from None


def is_ready(target: Target, ask: Ask) -> bool:
    """Tell what the server says of the model."""
    try:
        return protobuf.numbers(_call(target, ask, "ModelReady"), 1) == [1]
    except LoadTestError:
        return False


def _asked(target: Target) -> list[tuple[int, str]]:
    return [(_MODEL, target.served), (_VERSION, "" if target.version is None else str(target.version))]


def _call(target: Target, ask: Ask, method: str) -> protobuf.Fields:
    """Call a method that takes the model's name and version. Raises LoadTestError."""
    status, content = ask("POST", f"{_SERVICE}/{method}", Body(protobuf.message(*_asked(target)), ()))
    if status != 200:
        told = json.loads(content)["error"]  # as our own connection writes it
        raise LoadTestError(f"{method} answers {status}: {told}")
    try:
        return protobuf.read(content)
    except ValueError:
        raise LoadTestError(f"{method} answers what is not a message of the protocol") from None


def _typed(output: protobuf.Fields) -> Any:
    """Return the values of an output that has typed contents and not raw ones. Raises ValueError."""
    contents = protobuf.read(b"".join(protobuf.messages(output, _CONTENTS)))
    if _TEXTS in contents:
        return [one.decode() for one in protobuf.messages(contents, _TEXTS)]
    for number, kind in ((_FP32, "<f4"), (_FP64, "<f8")):
        if number in contents:
            return np.frombuffer(b"".join(protobuf.messages(contents, number)), kind)
    return [number for field in contents for number in protobuf.numbers(contents, field)]
