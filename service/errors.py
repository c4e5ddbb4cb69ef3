"""What a client can do wrong, as a small tree. What each is in HTTP stands in `service.wire.problem`."""

from __future__ import annotations


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


class ConflictError(RequestError):
    """What was sent has been sent before, and counts once."""


class UnavailableError(RequestError):
    """The service cannot answer this now; later, or elsewhere, it may be possible."""


class UnsupportedError(RequestError):
    """The service does not do what is asked for, for anybody."""


class OverloadedError(RequestError):
    """More work is waiting than is allowed to."""

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ExpiredError(RequestError):
    """The time that the client gave was over before its rows were run."""


class SlowBodyError(RequestError):
    """The body did not arrive in time."""


def shown(value: str) -> str:
    """Quote what a client sent, short enough to be read in an error message."""
    return repr(value if len(value) <= 80 else value[:77] + "...")
