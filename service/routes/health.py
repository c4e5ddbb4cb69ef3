"""`GET /health/live`, `GET /health/ready` and `GET /metrics`: what an operator's machines ask."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from service.errors import UnavailableError
from service.observe.metrics import Metrics
from service.repository.registry import Registry
from service.routes.router import Router
from service.routes.schemas.problems import PROBLEM

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


class Live(BaseModel):
    status: Literal["live"] = "live"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"


def health_router(registry: Registry, metrics: Metrics) -> APIRouter:
    """Return the routes that tell whether the process lives, and whether it can answer."""
    router = Router(tags=["operation"])

    @router.get("/health/live", summary="The process answers")
    async def live() -> Live:
        return Live()

    @router.get("/health/ready", summary="A model is loaded, self-tested and warm", responses={503: PROBLEM})
    async def ready() -> Ready:
        reason = registry.why_not_ready
        if reason is not None:
            raise UnavailableError(reason)
        return Ready()

    @router.get("/metrics", summary="Prometheus metrics", response_class=Response, responses=_TEXT)
    async def exposition() -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return router
