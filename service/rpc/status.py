"""How a refusal is said over gRPC: a status code, a sentence, and after how long to ask again."""

from __future__ import annotations

from grpc import StatusCode

from service.errors import OverloadedError, RequestError
from service.rpc.messages import message

_CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    404: StatusCode.NOT_FOUND,
    408: StatusCode.DEADLINE_EXCEEDED,
    413: StatusCode.INVALID_ARGUMENT,  # RESOURCE_EXHAUSTED, as gRPC says of a message, is tried again by some
    415: StatusCode.UNIMPLEMENTED,
    422: StatusCode.INVALID_ARGUMENT,
    501: StatusCode.UNIMPLEMENTED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
"""By the status that the same error is over HTTP."""

_Status = message("google.rpc.Status")
_RetryInfo = message("google.rpc.RetryInfo")

Trailer = tuple[tuple[str, str | bytes], ...]


def code_of(status: int) -> StatusCode:
    """Return the code that is a status of HTTP."""
    return _CODES[status]


def trailer_of(error: RequestError, code: StatusCode) -> Trailer:
    """Return what goes with a refusal: to who is one too many, when to come again.

    In two ways: gRPC's own, which its clients obey where they try again, and `google.rpc.RetryInfo`.
    """
    if not isinstance(error, OverloadedError):
        return ()
    info = _RetryInfo()
    info.retry_delay.seconds = error.retry_after_s
    status = _Status(code=code.value[0], message=str(error))
    status.details.add().Pack(info)
    return (
        ("grpc-retry-pushback-ms", str(1000 * error.retry_after_s)),
        ("grpc-status-details-bin", status.SerializeToString()),
    )
