"""What a client can do wrong, as a small tree, and the one table that turns it into HTTP."""

from __future__ import annotations

from http import HTTPStatus

import msgspec


class RequestError(Exception):
    """A request that cannot be answered. The message says what was given and what is allowed."""


class MalformedBodyError(RequestError):
    """The body is not JSON."""


class UnknownTargetError(RequestError):
    """There is no such model, version or variant."""


class TooLargeError(RequestError):
    """More bytes or more rows than the service takes."""


class UnsupportedEncodingError(RequestError):
    """The body is compressed."""


class UnsupportedTypeError(RequestError):
    """The body is raw numbers, and the model does not take them."""


class InvalidRequestError(RequestError):
    """The request can be read, and is not one that the model can answer."""


class UnavailableError(RequestError):
    """The service cannot answer this now; later, or elsewhere, it may be possible."""


class OverloadedError(RequestError):
    """More work is waiting than is allowed to."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ExpiredError(RequestError):
    """The time that the client gave was over before its rows were run."""


class SlowBodyError(RequestError):
    """The body did not arrive in time."""


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


def refusal(error: RequestError) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return the status, the headers but for Content-Length, and the body of the answer that `error` is."""
    status = int(STATUS[type(error)])
    headers = [(name.encode(), value.encode()) for name, value in problem_headers(error).items()]
    return status, headers, problem(status, str(error))


def shown(value: str) -> str:
    """Quote what a client sent, short enough to be read in an error message."""
    return repr(value if len(value) <= 80 else value[:77] + "...")
