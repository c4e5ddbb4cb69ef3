"""`infer` of the Open Inference Protocol as OpenAPI shows it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from service.routes.schemas.example import Example
from service.routes.schemas.problems import REFERENCE
from service.routes.schemas.refused import Refused, model_parameter, responses
from service.routes.schemas.wishes import CHOSEN, FIELDS, wished
from service.wire.tensors.inputs import TEXT, VECTOR, input_specs

_OCTETS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


class InferInput(BaseModel):
    """A tensor, its data in row-major order, nested or flat."""

    name: str
    shape: list[int] = Field(description="The number of rows first.")
    datatype: str = Field(examples=["FP32"])
    data: list[Any]


class InferRequest(BaseModel):
    """The tensors that the model takes: see its metadata."""

    id: str = ""
    inputs: list[InferInput] = Field(min_length=1)
    outputs: list[dict[str, Any]] = Field(default=[], description="Those that are wanted; none is all.")
    parameters: dict[str, Any] = Field(
        default={},
        description="`variant`, `timeout` in microseconds, `binary_data_output`, `ids`; and what is wished "
        f"of the variant that the service chooses: {', '.join(FIELDS)}. {CHOSEN}",
    )


class InferResponse(BaseModel):
    """The label and the probabilities of each row, as tensors."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[dict[str, Any]]


MODELS = (InferInput, InferRequest, InferResponse, Refused)


def paths(example: Example | None) -> dict[str, Any]:
    """Return what is shown of `infer`."""
    request: dict[str, Any] = {"schema": {"$ref": REFERENCE.format(model="InferRequest")}}
    if example is not None:
        inputs = _inputs(example)
        request["examples"] = {
            "plain": {"value": {"inputs": inputs}},
            "auto": {"value": {"inputs": inputs, "parameters": wished()}},
        }
    answers = responses("InferResponse")
    answers["200"]["content"] |= _OCTETS
    operation = {
        "tags": ["Open Inference Protocol"],
        "summary": "Classify rows, given as tensors",
        "description": (
            "`{model}/versions/NUMBER/infer` asks for a version. With the header "
            "`Inference-Header-Content-Length` the JSON has that many bytes, and binary tensors follow it."
        ),
        "operationId": "open_inference_infer",
        "parameters": [model_parameter(None if example is None else example.model)],
        "requestBody": {"required": True, "content": {"application/json": request, **_OCTETS}},
        "responses": answers,
    }
    return {"/v2/models/{model}/infer": {"post": operation}}


def _inputs(example: Example) -> list[dict[str, Any]]:
    """Return the tensors of the example, one row each."""
    instance = example.instance
    alone = {VECTOR: instance, TEXT: [instance]}
    return [
        {
            "name": spec.name,
            "shape": [1, *spec.shape[1:]],
            "datatype": spec.datatype,
            "data": [instance[spec.name]] if isinstance(instance, dict) else alone[spec.name],
        }
        for spec in input_specs(example.input)
    ]
