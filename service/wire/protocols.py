"""All wire protocols: who answers at which address, and how what cannot be answered is refused there."""

from __future__ import annotations

from functools import lru_cache

from service.errors import OverloadedError, RequestError, SlowBodyError
from service.wire import native, open_inference, tensorflow_serving
from service.wire.message import Headers
from service.wire.protocol import WireProtocol

PROTOCOLS: tuple[WireProtocol, ...] = (open_inference, tensorflow_serving, native)
"""The first that owns a path speaks there; the last owns all."""

INTERNAL = "internal error"
"""What a client is told of an error that is ours."""


@lru_cache(maxsize=1024)
def owner(path: str) -> WireProtocol:
    """Return the protocol in which whoever asks at a path is answered."""
    return next(protocol for protocol in PROTOCOLS if protocol.owns(path))


@lru_cache(maxsize=1024)
def asked_for_predictions(path: str) -> WireProtocol | None:
    """Return the protocol that predicts where something is posted to a path; None where none does."""
    return next((protocol for protocol in PROTOCOLS if protocol.takes(path)), None)


def refuse(protocol: WireProtocol, error: BaseException) -> tuple[int, Headers, bytes]:
    """Return the status, the headers but for Content-Length, and the content of the answer that `error` is.

    What is no RequestError is ours: 500, and no word of what it was.
    """
    if not isinstance(error, RequestError):
        return answer(protocol, 500, INTERNAL)
    status, headers, content = answer(protocol, protocol.status(error), str(error))
    if isinstance(error, OverloadedError):
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    elif isinstance(error, SlowBodyError):
        headers.append((b"connection", b"close"))
    return status, headers, content


def answer(protocol: WireProtocol, status: int, detail: str) -> tuple[int, Headers, bytes]:
    """Return an answer that says in a protocol's shape what was wrong."""
    kind, content = protocol.refusal(status, detail)
    return status, [(b"content-type", kind)], content
