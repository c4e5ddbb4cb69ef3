"""Writes what went wrong in the shape of the protocol that is spoken at the address."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from service.errors import RequestError
from service.routes.place import place
from service.wire import native, protocols
from service.wire.message import Headers


def add_refusals(app: FastAPI) -> None:
    """Have `app` answer all errors so."""
    app.add_exception_handler(RequestError, _on_request_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(Exception, _on_request_error)  # which is ours


def refusal(path: str, error: BaseException) -> Response:
    """Return the answer that an error is to whoever asked at `path`."""
    response = _response(*protocols.refuse(protocols.owner(path), error))
    if not isinstance(error, RequestError):
        response.headers["connection"] = "close"  # as the server does that hears of it, and never says
    return response


async def _on_request_error(request: Request, error: Exception) -> Response:
    return refusal(place(request.scope), error)


async def _on_http_exception(request: Request, error: Any) -> Response:
    response = _said(request, error.status_code, f"{_given(request)}: {error.detail}")
    response.headers.update(error.headers or {})
    is_ours = protocols.owner(place(request.scope)) is native
    if is_ours and response.headers.get("Allow") == "GET":  # the first that was found; there is one for HEAD
        response.headers["Allow"] = "GET, HEAD"
    return response


async def _on_validation_error(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    return _said(request, 422, f"{first['loc'][-1]} is {str(first.get('input'))[:80]!r}: {first['msg']}")


def _given(request: Request) -> str:
    return f"{request.method} {request.url.path[:80]}"


def _said(request: Request, status: int, detail: str) -> Response:
    return _response(*protocols.answer(protocols.owner(place(request.scope)), status, detail))


def _response(status: int, headers: Headers, content: bytes) -> Response:
    return Response(content, status, {name.decode(): value.decode() for name, value in headers})
