"""The addresses of the Open Inference Protocol besides infer: what there is, its state, and its past."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from service.repository.inventory import Inventory
from service.routes.schemas.refused import Refused
from service.routes.small_body import read_document
from service.wire.open_inference.descriptions import Document

Answer = Callable[[str, str | None], Awaitable[Document | JSONResponse]]
"""What is answered for the name of a variant, and a version where one is named."""


_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "What was sent is wrong"},
    404: {"model": Refused, "description": "There is no such model, variant or version"},
    503: {"model": Refused, "description": "It cannot answer now"},
}


def open_inference_router(inventory: Inventory, *, body_timeout_s: float) -> APIRouter:
    """Return the routes that describe the service and its models, and load and unload variants."""
    router = APIRouter(tags=["Open Inference Protocol"], responses=_REFUSED)
    _add_server(router, inventory)
    _add_models(router, inventory)
    _add_repository(router, inventory, body_timeout_s)
    return router


def _add_server(router: APIRouter, inventory: Inventory) -> None:
    @router.get("/v2", summary="The service, and which parts of the protocol it speaks")
    async def server() -> Document:
        return inventory.server()

    @router.get("/v2/health/live", summary="The process answers")
    async def live() -> Document:
        return {"live": True, "ready": inventory.why_not_ready is None}

    @router.get("/v2/health/ready", summary="A model is loaded, self-tested and warm")
    async def ready() -> JSONResponse:
        return _readiness({"live": True}, inventory.why_not_ready)


def _add_models(router: APIRouter, inventory: Inventory) -> None:
    @router.get("/v2/models/stats", summary="What all variants have done")  # before any model's name
    async def all_statistics() -> Document:
        return inventory.all_statistics()

    async def ready(name: str, version: str | None) -> JSONResponse:
        return _readiness({"name": name}, await inventory.why_unloaded(name, version))

    _add(router, "/stats", "What a variant has done, whichever version it was", inventory.statistics)
    _add(router, "", "What a variant takes and gives", inventory.metadata)
    _add(router, "/config", "The configuration of a variant", inventory.config)
    _add(router, "/ready", "A variant is loaded", ready)


def _add(router: APIRouter, ending: str, summary: str, answer: Answer) -> None:
    """Have the same answered for a variant of the newest version, and of one that is named."""

    @router.get(f"/v2/models/{{name}}{ending}", summary=summary, response_model=Document)
    async def of_newest(name: str) -> Document | JSONResponse:
        return await answer(name, None)

    @router.get(f"/v2/models/{{name}}/versions/{{version}}{ending}", summary=summary, response_model=Document)
    async def of_version(name: str, version: str) -> Document | JSONResponse:
        return await answer(name, version)


def _readiness(document: Document, why_not: str | None) -> JSONResponse:
    if why_not is None:
        return JSONResponse({**document, "ready": True})
    return JSONResponse({**document, "ready": False, "error": why_not}, 503)


def _add_repository(router: APIRouter, inventory: Inventory, body_timeout_s: float) -> None:
    @router.post("/v2/repository/index", summary="All variants of all versions, and the state of each")
    async def index(request: Request) -> list[Document]:
        asked = await read_document(request, body_timeout_s)
        return inventory.index(ready_only=asked.get("ready") is True)

    @router.post("/v2/repository/models/{name}/load", summary="Load a variant")
    async def load(name: str, request: Request) -> Document:
        asked = await read_document(request, body_timeout_s)
        await inventory.load(name, has_parameters=bool(asked.get("parameters")))
        return {}

    @router.post("/v2/repository/models/{name}/unload", summary="Unload a variant until it is asked for")
    async def unload(name: str, request: Request) -> Document:
        await read_document(request, body_timeout_s)
        await inventory.unload(name)
        return {}
