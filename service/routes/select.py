"""`POST /select`: which variant would answer, and why not the others; nothing is run."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from bundle.manifest import AUTO, VERSION_MAX
from service.engine.choice import bounds_of
from service.engine.ladder.candidates import Candidate, weigh
from service.engine.policy import Policy
from service.errors import InvalidRequestError, TooLargeError, shown
from service.repository.registry import Registry
from service.repository.version import Version
from service.routes.router import Router
from service.routes.schemas.problems import problems
from service.routes.schemas.wishes import parameter, wish_parameters
from service.routes.small_body import read_document
from service.wire.native.query import ask_query
from service.wire.wish import NO_WISH

_MEANING = {
    400: "The body is not JSON",
    404: "No such model or version",
    408: "The body did not arrive in time",
    413: "More rows than a request may have, or a body too long to be counted: say how many `rows`",
    422: "No variant could ever answer within the bounds, with each one's reason; or a bound that is none",
    503: "No variant can answer within the bounds now (see Retry-After)",
}
_BODY = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {
                    "rows": {"type": "integer", "minimum": 1, "default": 1},
                    "instances": {"type": "array", "description": "In place of `rows`: they are counted."},
                },
                "additionalProperties": False,
            },
            "example": {"rows": 32},
        }
    },
}


class CandidateInfo(BaseModel):
    variant: str
    accuracy: float
    accuracy_low: float = Field(description="Lower end of its interval, which a floor is held against.")
    cost_ms: float | None = Field(
        description="What the rows hardly ever take longer than once it is their turn."
    )
    wait_ms: float | None = Field(description="What they would wait for before that.")
    why_not: str | None = Field(description="Why it is not chosen; null for the one that is.")


class Selected(BaseModel):
    """What would answer, and what is known of each variant, the most accurate first."""

    model: str
    version: int
    variant: str
    reason: str = Field(description="As in the header X-Variant-Reason of an answer.")
    expected_accuracy: float
    rows: int
    candidates: list[CandidateInfo]


def select_router(registry: Registry, *, max_rows: int, body_timeout_s: float) -> APIRouter:
    """Return the route."""
    router = Router(tags=["prediction"])
    whole = {"type": "integer", "format": "int64", "minimum": 0, "maximum": VERSION_MAX}

    @router.post(
        "/select",
        summary="Which variant would answer a request that leaves it to the service, and why",
        responses=problems(_MEANING),
        openapi_extra={
            "requestBody": _BODY,
            "parameters": [
                *wish_parameters(),
                parameter("model", "Default: the default model.", {"type": "string"}),
                parameter("version", "Default: the newest.", whole),
            ],
        },
    )
    async def select(request: Request) -> Selected:
        asked = ask_query(request.scope["query_string"])
        target, wish = asked.target, asked.wish or NO_WISH
        if target.variant not in (None, AUTO):
            named = shown(target.variant or "")
            raise InvalidRequestError(f"variant is {named}; which one it is to be, is what this tells")
        rows = _rows(await read_document(request, body_timeout_s), max_rows)
        chooser = (await registry.resolve(target.model, target.version, AUTO)).chooser
        assert chooser is not None  # noqa: S101 - it is what `auto` means
        choice, _ = chooser.choose(rows, wish, 0.0)
        chosen = choice.option
        version = await registry.version(chosen.target.model, chosen.target.version)
        bounds = bounds_of(wish, chooser.policy, chosen.runner.longest_us)
        return Selected(
            model=version.model,
            version=version.number,
            variant=chosen.variant,
            reason=choice.reason,
            expected_accuracy=chosen.accuracy,
            rows=rows,
            candidates=_candidates(version, chooser.policy, weigh(version.options(), rows, bounds, choice)),
        )

    return router


def _rows(document: dict[str, Any], max_rows: int) -> int:
    """Return how many rows a body says. Raises InvalidRequestError and TooLargeError."""
    unknown = document.keys() - {"rows", "instances"}
    if unknown or len(document) > 1:
        wrong = f"field {shown(min(unknown))} is not known" if unknown else "fields are two"
        raise InvalidRequestError(
            f"the body's {wrong}; there is 'rows', how many, or 'instances', which are counted"
        )
    instances = document.get("instances", [])
    if not isinstance(instances, list):
        raise InvalidRequestError("instances must be a list")
    rows = len(instances) if "instances" in document else document.get("rows", 1)
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 1:
        raise InvalidRequestError(f"rows is {shown(str(rows))}; it must be a whole number above 0")
    if rows > max_rows:
        raise TooLargeError(f"{rows} rows; at most {max_rows} are allowed")
    return rows


def _candidates(version: Version, policy: Policy, weighed: list[Candidate]) -> list[CandidateInfo]:
    """Return what is known of each variant: those that are loaded first."""
    infos = [
        CandidateInfo(
            variant=one.option.variant,
            accuracy=one.option.accuracy,
            accuracy_low=one.option.accuracy_low,
            cost_ms=one.cost_us / 1e3,
            wait_ms=round(one.waiting_us / 1e3, 6),
            why_not=one.why_not if policy.allows(one.option.variant) else "the policy leaves it out",
        )
        for one in weighed
    ]
    loaded = {one.variant for one in infos}
    for name in version.names:
        scores = version.bundle and version.bundle.manifest.scores(name)
        if name not in loaded and scores:
            infos.append(
                CandidateInfo(
                    variant=name,
                    accuracy=scores.accuracy,
                    accuracy_low=scores.accuracy_low,
                    cost_ms=None,
                    wait_ms=None,
                    why_not="it is not loaded",
                )
            )
    return infos
