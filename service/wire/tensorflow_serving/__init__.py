"""TensorFlow Serving's REST protocol, which KServe calls v1: what a head asks for, and how it is refused.

What bodies hold is read and written by `codec`, which is bound to one variant.
"""

from __future__ import annotations

from service.errors import InvalidRequestError
from service.wire.expand import coding_of
from service.wire.message import Headers
from service.wire.problem import sentence as refusal
from service.wire.problem import sentence_status as status
from service.wire.protocol import Asked
from service.wire.tensorflow_serving.address import address, left_to_service, owns, takes
from service.wire.tensorflow_serving.codec import bind
from service.wire.tensorflow_serving.query import Query, ask_query
from service.wire.wish import timeout_ms_of, variant_under

__all__ = ["ask", "bind", "owns", "refusal", "status", "takes"]

_NOTHING = Query()


def ask(path: str, query: bytes, headers: Headers) -> Asked:
    """Read an address and the headers; whichever Content-Type there is, the body is JSON.

    Raises InvalidRequestError, UnknownTargetError and UnsupportedEncodingError.
    """
    target, asked, _ = address(path)
    said = ask_query(query) if query else _NOTHING
    if variant_under(said.wish, target.variant) != target.variant:
        target = left_to_service(target)
    if asked == "regress":
        raise InvalidRequestError(
            "the model classifies and does not regress; :predict and :classify are answered"
        )
    length = coding = timeout_ms = None
    for name, value in headers:
        if name == b"content-length":
            length = int(value)  # the HTTP parser has refused anything else
        elif name == b"content-encoding":
            coding = coding_of(value)
        elif name == b"x-timeout-ms":
            timeout_ms = timeout_ms_of(value.decode("latin-1"))
    return Asked(target, timeout_ms, length, coding, asked == "classify", said.wish, said.ids)
