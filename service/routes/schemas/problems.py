"""How OpenAPI shows what went wrong, in the shape of the service's own addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from service.wire.problem import PROBLEM_TYPE

REFERENCE = "#/components/schemas/{model}"


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(description="What was given and what is allowed.")


PROBLEM_CONTENT = {PROBLEM_TYPE: {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
PROBLEM: dict[str, Any] = {"description": "A problem", "content": PROBLEM_CONTENT}
PROBLEMS: dict[int | str, dict[str, Any]] = {404: PROBLEM, 422: PROBLEM, 503: PROBLEM}


def problems(meaning: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Return what each status of an address means."""
    return {status: PROBLEM | {"description": text} for status, text in meaning.items()}
