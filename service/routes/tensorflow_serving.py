"""`GET /v1/models/NAME` and `.../metadata`: what TensorFlow Serving, and KServe's v1, say of a model."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from service.errors import UnavailableError
from service.repository.registry import Registry
from service.repository.version import State, Version, VersionState
from service.routes.place import place
from service.wire.target import Target
from service.wire.tensorflow_serving.address import address, owns
from service.wire.tensorflow_serving.metadata import metadata

_OF_A_VERSION: dict[VersionState, str] = {
    "serving": "AVAILABLE",
    "unloaded": "START",
    "settling": "LOADING",
    "refused": "END",
}
_OF_A_VARIANT: dict[State, str] = {
    "loaded": "AVAILABLE",
    "available": "START",
    "unavailable": "END",
    "failed": "END",
}


class ServingRoute(BaseRoute):
    """All that is not for predictions at this protocol's addresses, which are in any case of letters."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every path of the protocol, for a malformed one is refused otherwise than an unknown one."""
        return (Match.FULL if scope["type"] == "http" and owns(place(scope)) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises InvalidRequestError, UnknownTargetError, UnavailableError and HTTPException."""
        target, asked, name = address(place(scope))
        if asked not in ("status", "metadata"):
            raise HTTPException(405, headers={"Allow": "POST"})
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        content = await (self._status if asked == "status" else self._metadata)(name, target)
        await JSONResponse(content)(scope, receive, send)

    async def _status(self, name: str, target: Target) -> dict[str, Any]:
        """Return the state of a variant, of a version that is named, or of all versions of a model."""
        if target.variant is not None:
            version, _, variant = await self._registry.find(target.model, target.version, target.variant)
            state = self._registry.state(version, variant)
            told, is_ready = (
                [_told(version, _OF_A_VARIANT[state], version.failure(variant))],
                state == "loaded",
            )
        else:
            versions = await self._versions(target.model or "", target.version)
            told = [_told(one, _OF_A_VERSION[one.state], one.detail) for one in versions]
            answering = self._registry.serving.get(target.model or "")
            asked = versions if target.version is not None else [answering]
            is_ready = any(one is not None and one.servables for one in asked)
        return {"name": name, "ready": is_ready, "model_version_status": told}

    async def _versions(self, model: str, number: int | None) -> list[Version]:
        """Return the version of a number, or all that there are, also where none of them can answer."""
        try:
            version = await self._registry.version(model, number)
        except UnavailableError:
            if number is not None or not self._registry.models.get(model):
                raise
        else:
            if number is not None:
                return [version]
        return list(self._registry.models[model].values())

    async def _metadata(self, name: str, target: Target) -> dict[str, Any]:
        version, bundle, _ = await self._registry.find(target.model, target.version, target.variant)
        return metadata(name, version.number, bundle.manifest.input, bundle.manifest.labels)


def _told(version: Version, state: str, detail: str | None) -> dict[str, Any]:
    code = "OK" if detail is None else "FAILED_PRECONDITION"
    error = {"error_code": code, "error_message": detail or ""}
    return {"version": str(version.number), "state": state, "status": error}
