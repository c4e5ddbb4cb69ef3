"""How OpenAPI shows what went wrong where other servers' protocols are spoken."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from service.routes.schemas.problems import REFERENCE
from service.routes.schemas.wishes import CHOSEN, HEADERS


class Refused(BaseModel):
    """What went wrong, as Triton and TensorFlow Serving have it."""

    error: str = Field(description="What was given and what is allowed.")


_CONTENT = {"application/json": {"schema": {"$ref": REFERENCE.format(model="Refused")}}}
VARIANT = {"description": "The variant that answered.", "schema": {"type": "string"}}
_MEANING = {
    400: "What was sent is not what the model takes, or bounds that no variant could ever hold",
    404: "No such model, version or variant",
    408: "The body did not arrive in time",
    413: "Too many bytes or rows, also when they are expanded",
    415: "The body is compressed in a way that is not known",
    503: "Too much work is waiting, or no variant can hold the bounds now (see Retry-After), or the variant "
    "cannot be run here",
    504: "The time that was given was over before the answer was there",
}


def responses(model: str, *statuses: int) -> dict[str, Any]:
    """Return the answer, of a component of that name, and refusals: of these statuses, or else of all."""
    answer = {"schema": {"$ref": REFERENCE.format(model=model)}}
    return {
        "200": {
            "description": "The answer",
            **({} if statuses else {"headers": {"X-Variant": VARIANT, **HEADERS}}),
            "content": {"application/json": answer},
        },
        **{
            str(status): {"description": _MEANING[status], "content": _CONTENT}
            for status in statuses or _MEANING
        },
    }


def model_parameter(name: str | None) -> dict[str, Any]:
    """Return the parameter that is part of all their paths; `name` is an example of one."""
    parameter: dict[str, Any] = {
        "name": "model",
        "in": "path",
        "required": True,
        "description": f"A model, or one variant of it as in `digits~int8`; as in `digits~auto`, {CHOSEN}",
        "schema": {"type": "string", "minLength": 1},
    }
    return parameter if name is None else parameter | {"example": name}
