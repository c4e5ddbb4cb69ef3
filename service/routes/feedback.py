"""`POST /feedback`: what was right, for answers that were given an id."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from service.errors import InvalidRequestError, MalformedBodyError
from service.live.feedback import Feedback, Said
from service.routes.router import Router
from service.routes.schemas.problems import REFERENCE, problems
from service.routes.small_body import read_small

_MEANING = {
    400: "The body is not JSON",
    404: "No such answer, or it is forgotten, or its variant is not loaded any more",
    408: "The body did not arrive in time",
    409: "The label of this answer was said before",
    413: "The body is too long; send several",
    422: "Not an id with a label, or no label of the model",
}
_ID = "q1b2c3d4AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "anyOf": [
                    {"$ref": REFERENCE.format(model="Labelled")},
                    {"type": "array", "minItems": 1, "items": {"$ref": REFERENCE.format(model="Labelled")}},
                ]
            },
            "examples": {
                "one": {"summary": "An answer to one row", "value": {"id": _ID, "label": 3}},
                "several": {
                    "summary": "Two rows of an answer to many",
                    "value": [{"id": f"{_ID}.0", "label": 3}, {"id": f"{_ID}.7", "label": 5}],
                },
            },
        }
    },
}


class Labelled(BaseModel):
    """What is right for one row of an answer."""

    id: str = Field(description="As the answer said; of an answer to many rows with the row, as in `ID.7`.")
    label: Annotated[int | str, Field(description="One of the model's labels, as in /models.")]


class FeedbackCounted(BaseModel):
    rows: int = Field(description="Labels that were counted: all that were sent.")
    right: int = Field(description="Those that the model had answered.")


class _Labelled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    label: int | str


_decoder = msgspec.json.Decoder(_Labelled | list[_Labelled])


def feedback_router(feedback: Feedback, *, body_timeout_s: float) -> APIRouter:
    """Return the route that takes labels."""
    router = Router(tags=["feedback"])

    @router.post(
        "/feedback",
        summary="Say what was right",
        description="All labels of a request count, or none where one is refused.",
        responses=problems(_MEANING),
        openapi_extra={"requestBody": _BODY},
    )
    async def take(request: Request) -> FeedbackCounted:
        counted = feedback.take(_read(await read_small(request, body_timeout_s)))
        return FeedbackCounted(rows=counted.rows, right=counted.right)

    return router


def _read(content: bytearray) -> list[Said]:
    """Return the labels of a body. Raises MalformedBodyError, and InvalidRequestError."""
    try:
        document = _decoder.decode(content)
    except msgspec.ValidationError as error:
        wrong = str(error).replace("`", "'")
        raise InvalidRequestError(
            f'the body must be {{"id": ..., "label": ...}}, or a list of those: {wrong}'
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error
    labelled = document if isinstance(document, list) else [document]
    if not labelled:
        raise InvalidRequestError("the body is an empty list; at least one label is to be said")
    return [Said(one.id, one.label) for one in labelled]
