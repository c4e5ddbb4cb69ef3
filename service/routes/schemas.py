"""The shapes of requests and answers as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from bundle.manifest import VERSION_MAX
from service.repository.registry import Registry
from service.wire.native import TIMEOUT_MS_MAX
from service.wire.problem import PROBLEM_TYPE


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(description="What was given and what is allowed.")


_Rows = Annotated[list[list[float]], Field(min_length=1)]
_Nested = Annotated[list[list[list[Any]]], Field(min_length=1)]
_Texts = Annotated[list[str], Field(min_length=1)]
_Objects = Annotated[list[dict[str, float | str | None]], Field(min_length=1)]


class PredictRequest(BaseModel):
    """What to classify: rows, texts or objects, whichever the model takes: see its `input` in `/models`."""

    model_config = ConfigDict(extra="forbid")
    instances: _Rows | _Nested | _Texts | _Objects = Field(
        description=(
            "`vector`, `image`, `sequence`, `tensor`: each a list of raw feature values, flat, or nested as "
            "the input's shape is. `text`: each a string. "
            "`table`: each an object with the model's fields."
        ),
    )


class PredictResponse(BaseModel):
    """The label and the probabilities of each row, in the order of the rows."""

    model: str
    version: int
    variant: str
    predictions: list[int] | list[str]
    probabilities: list[list[float]] = Field(
        description="One column for each label, in the order of /models."
    )


_REFERENCE = "#/components/schemas/{model}"
_PROBLEM_CONTENT = {PROBLEM_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
PROBLEM: dict[str, Any] = {"description": "A problem", "content": _PROBLEM_CONTENT}
PROBLEMS: dict[int | str, dict[str, Any]] = {404: PROBLEM, 422: PROBLEM, 503: PROBLEM}

_VERSION = {"type": "integer", "format": "int64", "minimum": 0, "maximum": VERSION_MAX}
_OCTETS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_PREDICT_PROBLEMS = {
    400: "The body is not JSON",
    404: "No such model, version or variant",
    413: "Too many bytes or rows",
    415: "The body is compressed, or raw numbers to a model that takes texts or objects",
    422: "Not instances that the model takes, the first wrong one being named, or an unknown query parameter",
    408: "The body did not arrive in time",
    503: "Too much work is waiting (see Retry-After), or the variant cannot be run here",
    504: "timeout_ms was over before the answer was there",
}


def openapi(app: FastAPI, registry: Registry) -> dict[str, Any]:
    """Return the schema of all routes; the example of `/predict` is for the default model, and runs."""
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    models = [(model, "validation") for model in (PredictRequest, PredictResponse, Problem)]
    _, definitions = models_json_schema(models, ref_template=_REFERENCE)  # type: ignore[arg-type]
    schema.setdefault("components", {}).setdefault("schemas", {}).update(definitions["$defs"])
    schema["paths"]["/predict"] = {"post": _predict_operation(registry)}
    return schema


def _predict_operation(registry: Registry) -> dict[str, Any]:
    request: dict[str, Any] = {"schema": {"$ref": _REFERENCE.format(model="PredictRequest")}}
    instance = registry.example()
    if instance is not None:
        request["example"] = {"instances": [instance]}
    answer = {"schema": {"$ref": _REFERENCE.format(model="PredictResponse")}}
    return {
        "tags": ["prediction"],
        "summary": "Classify rows with one variant of a model",
        "operationId": "predict",
        "description": (
            "The body is read as JSON whatever its Content-Type, except `application/octet-stream`: rows of "
            "little-endian float32 numbers, row-major, for models that take rows. "
            "`Accept: application/octet-stream` gives the probabilities back in the same way."
        ),
        "parameters": [
            _parameter("variant", "Default: the bundle's own.", {"type": "string"}),
            _parameter("model", "Default: the default model.", {"type": "string"}),
            _parameter("version", "Default: the newest.", _VERSION),
            _parameter(
                "timeout_ms",
                "Time after which the answer is of no use; also as the header X-Timeout-Ms.",
                {"type": "number", "exclusiveMinimum": 0, "maximum": int(TIMEOUT_MS_MAX)},
            ),
        ],
        "requestBody": {"required": True, "content": {"application/json": request, **_OCTETS}},
        "responses": {
            "200": {"description": "The answer", "content": {"application/json": answer, **_OCTETS}},
            **{
                str(status): {"description": text, "content": _PROBLEM_CONTENT}
                for status, text in _PREDICT_PROBLEMS.items()
            },
        },
    }


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
