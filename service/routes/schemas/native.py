"""`POST /predict` as OpenAPI shows it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bundle.manifest import VERSION_MAX
from service.routes.schemas.example import Example
from service.routes.schemas.problems import PROBLEM_CONTENT, REFERENCE
from service.routes.schemas.wishes import CHOSEN, HEADERS, IDS_PARAMETER, parameter, wish_parameters
from service.wire.wish import TIMEOUT_MS_MAX

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
    id: str | None = Field(default=None, description="Where ids=true asked for it.")


_VERSION = {"type": "integer", "format": "int64", "minimum": 0, "maximum": VERSION_MAX}
_OCTETS = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_PREDICT_PROBLEMS = {
    400: "The body is not JSON",
    404: "No such model, version or variant",
    413: "Too many bytes or rows",
    415: "The body is compressed, or raw numbers to a model that takes texts or objects",
    422: "Not instances that the model takes, the first wrong one being named, an unknown query parameter, "
    "or bounds that no variant could ever hold",
    408: "The body did not arrive in time",
    503: "Too much work is waiting, or no variant can hold the bounds now (see Retry-After), or the variant "
    "cannot be run here",
    504: "timeout_ms, or max_latency_ms, was over before the answer was there",
}


MODELS = (PredictRequest, PredictResponse)


def paths(example: Example | None) -> dict[str, Any]:
    """Return what is shown of `/predict`."""
    return {"/predict": {"post": _predict_operation(example)}}


def _predict_operation(example: Example | None) -> dict[str, Any]:
    request: dict[str, Any] = {"schema": {"$ref": REFERENCE.format(model="PredictRequest")}}
    if example is not None:
        request["example"] = {"instances": [example.instance]}
    answer = {"schema": {"$ref": REFERENCE.format(model="PredictResponse")}}
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
            parameter("variant", f"Default: the model's own. {CHOSEN}", {"type": "string"}, example="auto"),
            *wish_parameters(),
            parameter("model", "Default: the default model.", {"type": "string"}),
            parameter("version", "Default: the newest.", _VERSION),
            parameter(
                "timeout_ms",
                "Time after which the answer is of no use; also as the header X-Timeout-Ms.",
                {"type": "number", "exclusiveMinimum": 0, "maximum": int(TIMEOUT_MS_MAX)},
            ),
            IDS_PARAMETER,
        ],
        "requestBody": {"required": True, "content": {"application/json": request, **_OCTETS}},
        "responses": {
            "200": {
                "description": "The answer",
                "headers": HEADERS,
                "content": {"application/json": answer, **_OCTETS},
            },
            **{
                str(status): {"description": text, "content": PROBLEM_CONTENT}
                for status, text in _PREDICT_PROBLEMS.items()
            },
        },
    }
