"""`GET /`, the page, and what it asks for: its own files, its figures and a row for its form."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from bundle.example import example
from bundle.manifest import VERSION_MAX
from service.console.figures import Figures, figures
from service.errors import UnavailableError
from service.live.live import Live
from service.observe.metrics import Metrics
from service.repository.registry import Registry, why_unavailable
from service.routes.router import Router

_PAGE = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    # What is shown comes from models and clients: were some of it taken for markup, still nothing would run.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


class Form(BaseModel):
    """What the form takes: an instance to begin with, and the label of each probability."""

    instance: Any
    labels: list[int] | list[str]


_Model = Annotated[str | None, Query()]
_Version = Annotated[int | None, Query(ge=0, le=VERSION_MAX)]


def console_router(registry: Registry, metrics: Metrics, live: Live) -> APIRouter:
    """Return the routes of the console. They are its own, and no part of what the service promises."""
    router = Router(include_in_schema=False)
    for path in sorted(_PAGE.iterdir()):
        _add_file(router, path)

    @router.get("/console.json")
    async def all_figures(model: _Model = None, version: _Version = None) -> Figures:
        return await figures(registry, metrics, live, model, version)

    @router.get("/console/form.json")
    async def form(model: _Model = None, version: _Version = None) -> Form:
        found = await registry.version(model, version)
        if found.bundle is None:
            raise UnavailableError(why_unavailable(found))
        manifest = found.bundle.manifest
        return Form(instance=example(manifest), labels=list(manifest.labels))

    return router


def _add_file(router: APIRouter, path: Path) -> None:
    """Answer with a file of the page, read once; `index.html` is the page itself."""
    content, media_type = path.read_bytes(), _TYPES[path.suffix]

    @router.get("/" if path.name == "index.html" else f"/console/{path.name}")
    async def file() -> Response:
        return Response(content, media_type=media_type, headers=_HEADERS)
