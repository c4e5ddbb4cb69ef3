"""TensorFlow Serving's REST protocol, which KServe calls v1: what a head asks for, and how it is refused.

What bodies hold is read and written by `codec`, which is bound to one variant.
"""

from __future__ import annotations

import re

from service.errors import InvalidRequestError
from service.wire.expand import coding_of
from service.wire.message import Headers
from service.wire.problem import sentence as refusal
from service.wire.problem import sentence_status as status
from service.wire.protocol import Asked
from service.wire.tensorflow_serving.address import address, left_to_service, owns, takes
from service.wire.tensorflow_serving.codec import bind
from service.wire.wish import timeout_ms_of, variant_under, wish_in

__all__ = ["ask", "bind", "owns", "refusal", "status", "takes"]

_FOR_PREDICT = re.compile(rb"(?:^|&)(?:variant|model|version|timeout_ms)=")


def ask(path: str, query: bytes, headers: Headers) -> Asked:
    """Read an address and the headers; whichever Content-Type there is, the body is JSON.

    A query says what is wished of the variant that the service chooses; else it may be for whoever stands
    between. Raises InvalidRequestError, also for one that would say something to `/predict` and go unheeded
    here, UnknownTargetError and UnsupportedEncodingError.
    """
    target, asked, _ = address(path)
    wish = None
    if query:
        if _FOR_PREDICT.search(query):
            raise InvalidRequestError(
                "a query does not choose here; a variant is a label: /labels/int8:predict"
            )
        wish = wish_in(query)
        if variant_under(wish, target.variant) != target.variant:
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
    return Asked(target, timeout_ms, length, coding, asked == "classify", wish)
