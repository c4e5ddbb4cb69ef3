"""The addresses of the Open Inference Protocol besides infer: what there is, its state, and its past."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bundle.bundle import Bundle
from service.observe.metrics import Metrics
from service.observe.statistics import Totals, totals
from service.repository.registry import Registry
from service.repository.version import Version
from service.routes.schemas.refused import Refused
from service.routes.small_body import read_document
from service.wire.open_inference import descriptions, target
from service.wire.open_inference.descriptions import Document, Durations, name_of

Answer = Callable[[str, str | None], Awaitable[Document | JSONResponse]]
"""What is answered for the name of a variant, and a version where one is named."""


_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"model": Refused, "description": "What was sent is wrong"},
    404: {"model": Refused, "description": "There is no such model, variant or version"},
    503: {"model": Refused, "description": "It cannot answer now"},
}


def open_inference_router(
    registry: Registry,
    metrics: Metrics,
    *,
    version: str,
    max_rows: int,
    is_alone: bool,
    body_timeout_s: float,
) -> APIRouter:
    """Return the routes that describe the service and its models, and load and unload variants.

    `version` is the service's own. Unless a worker `is_alone`, what it loads is not loaded in the others.
    """
    router = APIRouter(tags=["Open Inference Protocol"], responses=_REFUSED)
    _add_server(router, registry, version)
    _add_statistics(router, registry, metrics)  # whose `stats` is no model's name
    _add_models(router, registry, max_rows)
    _add_repository(router, registry, is_alone=is_alone, body_timeout_s=body_timeout_s)
    return router


def _add_server(router: APIRouter, registry: Registry, version: str) -> None:
    @router.get("/v2", summary="The service, and which parts of the protocol it speaks")
    async def server() -> Document:
        return descriptions.server(version)

    @router.get("/v2/health/live", summary="The process answers")
    async def live() -> Document:
        return {"live": True, "ready": registry.why_not_ready is None}

    @router.get("/v2/health/ready", summary="A model is loaded, self-tested and warm")
    async def ready() -> JSONResponse:
        return _readiness({"live": True}, registry.why_not_ready)


def _add_models(router: APIRouter, registry: Registry, max_rows: int) -> None:
    async def metadata(name: str, version: str | None) -> Document:
        found, bundle, variant = await _find(registry, name, version)
        usable = [one.number for one in registry.models[found.model].values() if one.refusal is None]
        return descriptions.metadata(name, bundle.manifest, variant, usable)

    async def config(name: str, version: str | None) -> Document:
        _, bundle, variant = await _find(registry, name, version)
        return descriptions.config(name, bundle.manifest, variant, max_rows=max_rows)

    async def ready(name: str, version: str | None) -> JSONResponse:
        found, _, variant = await _find(registry, name, version)
        return _readiness({"name": name}, _why_unloaded(found, variant))

    _add(router, "", "What a variant takes and gives", metadata)
    _add(router, "/config", "The configuration of a variant", config)
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


async def _find(registry: Registry, name: str, version: str | None) -> tuple[Version, Bundle, str]:
    asked = target(name, version)
    return await registry.find(asked.model, asked.version, asked.variant)


def _why_unloaded(version: Version, variant: str) -> str | None:
    """Say why a variant is not loaded, None where it is."""
    match version.variant_state(variant):
        case "loaded":
            return None
        case "available":
            return "not loaded; it is when it is asked for"
        case "unavailable":
            return "TensorFlow is not installed here"
        case "failed":
            return version.failures[variant]


def _add_statistics(router: APIRouter, registry: Registry, metrics: Metrics) -> None:
    @router.get("/v2/models/stats", summary="What all variants have done")
    async def all_statistics() -> Document:
        counted = totals(metrics.samples())
        return {
            "model_stats": [
                _statistics(name, version, variant, counted)
                for version in registry.serving.values()
                for name, variant in _names(version)
            ]
        }

    async def statistics(name: str, version: str | None) -> Document:
        found, _, variant = await _find(registry, name, version)
        return {"model_stats": [_statistics(name, found, variant, totals(metrics.samples()))]}

    _add(router, "/stats", "What a variant has done, whichever version it was", statistics)


def _names(version: Version) -> list[tuple[str, str]]:
    """Return each name that means a variant of a version, and the variant: the default one has two."""
    if version.bundle is None:
        return []
    manifest = version.bundle.manifest
    variants = [variant.name for variant in manifest.variants]
    return [
        (version.model, manifest.default_variant),
        *((name_of(version.model, variant), variant) for variant in variants),
    ]


def _statistics(
    name: str, version: Version, variant: str, counted: dict[tuple[str, str], Totals]
) -> Document:
    of = counted.get((version.model, variant), Totals())
    parts = {"queue": "wait", "compute_input": "decode", "compute_infer": "infer", "compute_output": "encode"}
    durations = {part: Durations(of.answered, of.stages_s[stage]) for part, stage in parts.items()}
    durations |= {"success": Durations(of.answered, of.request_s), "fail": Durations(of.failed)}
    return descriptions.statistics(name, version.number, rows=of.rows, calls=of.calls, durations=durations)


def _add_repository(router: APIRouter, registry: Registry, *, is_alone: bool, body_timeout_s: float) -> None:
    @router.post("/v2/repository/index", summary="All variants of all versions, and the state of each")
    async def index(request: Request) -> list[Document]:
        asked = await read_document(request, body_timeout_s)
        rows = [
            row
            for versions in registry.models.values()
            for version in versions.values()
            for row in _index_rows(version)
        ]
        return [row for row in rows if row["state"] == "READY"] if asked.get("ready") is True else rows

    @router.post("/v2/repository/models/{name}/load", summary="Load a variant")
    async def load(name: str, request: Request) -> Document:
        asked = await read_document(request, body_timeout_s)
        if asked.get("parameters"):
            raise HTTPException(501, "a variant is loaded as it was published, without parameters")
        _require_alone(is_alone)
        model = target(name, None)
        await registry.resolve(model.model, None, model.variant)
        return {}

    @router.post("/v2/repository/models/{name}/unload", summary="Unload a variant until it is asked for")
    async def unload(name: str, request: Request) -> Document:
        await read_document(request, body_timeout_s)
        _require_alone(is_alone)
        model = target(name, None)
        await registry.unload(model.model, model.variant)
        return {}


def _index_rows(version: Version) -> list[Document]:
    number = str(version.number)
    if version.bundle is None:
        reason = version.detail or "not opened; it is when it is asked for"
        return [{"name": version.model, "version": number, "state": "UNAVAILABLE", "reason": reason}]
    reasons = [(name, _why_unloaded(version, variant)) for name, variant in _names(version)]
    return [
        {
            "name": name,
            "version": number,
            "state": "READY" if reason is None else "UNAVAILABLE",
            "reason": reason or "",
        }
        for name, reason in reasons
    ]


def _require_alone(is_alone: bool) -> None:
    if not is_alone:
        raise HTTPException(501, "there are several workers, and each loads for itself what it is asked for")
