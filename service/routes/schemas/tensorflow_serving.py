"""TensorFlow Serving's addresses as OpenAPI shows them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from service.routes.schemas.example import Example
from service.routes.schemas.problems import REFERENCE
from service.routes.schemas.refused import Refused, model_parameter, responses
from service.routes.schemas.wishes import IDS_PARAMETER, wish_parameters
from service.wire.tensors.inputs import TEXT, VECTOR

_PLACE = "/v1/models/{model}"
_ELSEWHERE = (
    " `{model}/versions/NUMBER` asks for a version, `{model}/labels/VARIANT` for a variant of the newest, "
    "`MODEL~VARIANT/versions/NUMBER` for both."
)


class ServingPredictRequest(BaseModel):
    """Exactly one of `instances`, a row each, and `inputs`, column by column."""

    signature_name: str = Field("serving_default", description="`labelled` answers with labels as well.")
    instances: list[Any] | None = Field(None, min_length=1)
    inputs: list[Any] | dict[str, Any] | None = None


class ServingPredictResponse(BaseModel):
    """`predictions` to instances, `outputs` to inputs: the probabilities of each row."""

    predictions: list[Any] | None = None
    outputs: list[Any] | dict[str, Any] | None = None


class ServingClassifyRequest(BaseModel):
    """Rows with named features, and those that all share."""

    examples: list[dict[str, Any]] = Field(min_length=1)
    context: dict[str, Any] = {}


class ServingClassifyResponse(BaseModel):
    """Of each example, all labels with their probabilities."""

    results: list[list[list[str | float]]]


class ServingStatus(BaseModel):
    """The state of each version, and, as KServe asks, whether the model is ready."""

    name: str
    ready: bool
    model_version_status: list[dict[str, Any]]


class ServingMetadata(BaseModel):
    """Which tensors the model takes and gives."""

    model_spec: dict[str, Any]
    metadata: dict[str, Any]


MODELS = (
    ServingPredictRequest,
    ServingPredictResponse,
    ServingClassifyRequest,
    ServingClassifyResponse,
    ServingStatus,
    ServingMetadata,
    Refused,
)


def paths(example: Example | None) -> dict[str, Any]:
    """Return what is shown of the protocol."""
    instances = None if example is None else {"instances": [example.instance]}
    examples = None if example is None else {"examples": [_named(example)]}
    predict = _operation("predict", "Classify rows, as TensorFlow Serving does", instances, example)
    classify = _operation("classify", "Labels and their probabilities, of examples", examples, example)
    status = _about("status", "The state of a model, and of its versions", example)
    metadata = _about("metadata", "The signatures of a model", example)
    return {
        f"{_PLACE}:predict": {"post": predict},
        f"{_PLACE}:classify": {"post": classify},
        _PLACE: {"get": status},
        f"{_PLACE}/metadata": {"get": metadata},
    }


def _named(example: Example) -> Any:
    if example.input.fields is None:
        return {VECTOR: example.instance}
    return {TEXT: example.instance} if example.input.kind == "text" else example.instance


def _operation(verb: str, summary: str, body: Any, example: Example | None) -> dict[str, Any]:
    name = f"Serving{verb.title()}"
    content: dict[str, Any] = {"schema": {"$ref": REFERENCE.format(model=f"{name}Request")}}
    if body is not None:
        content["example"] = body
    shown = _shown(verb, summary + "." + _ELSEWHERE, example)
    return {
        **shown,
        "parameters": [*shown["parameters"], *wish_parameters(), IDS_PARAMETER],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": responses(f"{name}Response"),
    }


def _about(what: str, summary: str, example: Example | None) -> dict[str, Any]:
    return {
        **_shown(what, summary + "." + _ELSEWHERE, example),
        "responses": responses(f"Serving{what.title()}", 400, 404, 503),
    }


def _shown(what: str, description: str, example: Example | None) -> dict[str, Any]:
    return {
        "tags": ["TensorFlow Serving"],
        "summary": description.partition(".")[0],
        "description": description,
        "operationId": f"tensorflow_serving_{what}",
        "parameters": [model_parameter(None if example is None else example.model)],
    }
