"""How refusals are written: as a problem document (RFC 9457), or as other protocols have it, one sentence."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from service.errors import (
    ConflictError,
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
    ConflictError: HTTPStatus.CONFLICT,
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


def sentence_status(error: RequestError) -> HTTPStatus:
    """Return the status of an error where a sentence tells the rest: what is invalid is 400 in all."""
    return HTTPStatus.BAD_REQUEST if isinstance(error, InvalidRequestError) else STATUS[type(error)]


def sentence(status: int, detail: str) -> tuple[bytes, bytes]:
    """Return the content type, which clients compare as a whole, and the content that is one sentence."""
    return b"application/json", msgspec.json.encode({"error": detail})
