"""How a refusal is written: the one table that turns errors into HTTP, and their document (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from service.errors import (
    ExpiredError,
    InvalidRequestError,
    MalformedBodyError,
    OverloadedError,
    RequestError,
    SlowBodyError,
    TooLargeError,
    UnavailableError,
    UnknownTargetError,
    UnsupportedEncodingError,
    UnsupportedTypeError,
)
from service.wire.message import Headers

STATUS: dict[type[RequestError], HTTPStatus] = {
    MalformedBodyError: HTTPStatus.BAD_REQUEST,
    UnknownTargetError: HTTPStatus.NOT_FOUND,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedEncodingError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    UnsupportedTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    OverloadedError: HTTPStatus.SERVICE_UNAVAILABLE,
    ExpiredError: HTTPStatus.GATEWAY_TIMEOUT,
    SlowBodyError: HTTPStatus.REQUEST_TIMEOUT,
}

PROBLEM_TYPE = "application/problem+json"  # RFC 9457
INTERNAL = "internal error"
"""What a client is told of an error that is ours."""


def problem(status: int, detail: str) -> bytes:
    """Return the body of an `application/problem+json` answer (RFC 9457)."""
    return msgspec.json.encode(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    )


def problem_headers(error: RequestError | None = None) -> dict[str, str]:
    """Return the headers that belong to the problem that `error` is."""
    headers = {"content-type": PROBLEM_TYPE}
    if isinstance(error, OverloadedError):
        headers["retry-after"] = str(error.retry_after_s)
    elif isinstance(error, SlowBodyError):
        headers["connection"] = "close"
    return headers


def refusal(error: BaseException) -> tuple[int, Headers, bytes]:
    """Return the status, the headers but for Content-Length, and the body of the answer that `error` is.

    What is no RequestError is ours: 500, and no word of what it was.
    """
    known = error if isinstance(error, RequestError) else None
    status, detail = (500, INTERNAL) if known is None else (int(STATUS[type(known)]), str(known))
    headers = [(name.encode(), value.encode()) for name, value in problem_headers(known).items()]
    return status, headers, problem(status, detail)
