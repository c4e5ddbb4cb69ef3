"""How a refusal is written where no other protocol is spoken: a problem document (RFC 9457)."""

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
    UnsupportedError,
    UnsupportedTypeError,
)

STATUS: dict[type[RequestError], HTTPStatus] = {
    MalformedBodyError: HTTPStatus.BAD_REQUEST,
    UnknownTargetError: HTTPStatus.NOT_FOUND,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedEncodingError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    UnsupportedTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnsupportedError: HTTPStatus.NOT_IMPLEMENTED,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    OverloadedError: HTTPStatus.SERVICE_UNAVAILABLE,
    ExpiredError: HTTPStatus.GATEWAY_TIMEOUT,
    SlowBodyError: HTTPStatus.REQUEST_TIMEOUT,
}

PROBLEM_TYPE = "application/problem+json"


def problem(status: int, detail: str) -> bytes:
    """Return the body of an `application/problem+json` answer."""
    return msgspec.json.encode(
        {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    )
