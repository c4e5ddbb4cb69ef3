"""`GET /v1/models/NAME` and `.../metadata`: what TensorFlow Serving, and KServe's v1, say of a model."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from service.errors import UnavailableError, UnknownTargetError, shown
from service.repository.registry import Registry, why_unavailable
from service.repository.version import State, Version, VersionState
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
        return (Match.FULL if scope["type"] == "http" and owns(scope["path"]) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer. Raises InvalidRequestError, UnknownTargetError, UnavailableError and HTTPException."""
        target, asked = address(scope["path"])
        if asked not in ("status", "metadata"):
            raise HTTPException(405, headers={"Allow": "POST"})
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        content = await (self._status(target) if asked == "status" else self._metadata(target))
        await JSONResponse(content)(scope, receive, send)

    async def _status(self, target: Target) -> dict[str, Any]:
        """Return the state of all versions of a model, of one that is named, or of a variant."""
        models, model = self._registry.models, target.model or ""
        try:
            version = await self._registry.version(model, target.version)
        except UnavailableError:
            if target.version is not None or not models.get(model):
                raise
            version = models[model][max(models[model])]  # why none can serve is to be told of each
        if target.variant is not None:
            state = _opened(version, target.variant).variant_state(target.variant)
            told = [_told(version, _OF_A_VARIANT[state], version.failures.get(target.variant))]
            is_ready = state == "loaded"
        else:
            several = [version] if target.version is not None else models[model].values()
            told = [_told(one, _OF_A_VERSION[one.state], one.detail) for one in several]
            is_ready = bool(version.servables)
        return {"name": model, "ready": is_ready, "model_version_status": told}

    async def _metadata(self, target: Target) -> dict[str, Any]:
        version = _opened(await self._registry.version(target.model, target.version), target.variant)
        assert version.bundle is not None  # noqa: S101 - it was opened
        manifest = version.bundle.manifest
        return metadata(version.model, version.number, manifest.input, manifest.labels)


def _told(version: Version, state: str, detail: str | None) -> dict[str, Any]:
    code = "OK" if detail is None else "FAILED_PRECONDITION"
    error = {"error_code": code, "error_message": detail or ""}
    return {"version": str(version.number), "state": state, "status": error}


def _opened(version: Version, variant: str | None) -> Version:
    """Return a version that has a bundle, and the variant. Raises UnavailableError and UnknownTargetError."""
    if version.bundle is None:
        raise UnavailableError(why_unavailable(version))
    if variant is not None and version.bundle.manifest.variant(variant) is None:
        names = ", ".join(known.name for known in version.bundle.manifest.variants)
        raise UnknownTargetError(f"{version.model!r} has no variant {shown(variant)}; it has: {names}")
    return version
