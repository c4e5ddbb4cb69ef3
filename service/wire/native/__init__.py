"""The protocol of `POST /predict`: what a request's head asks for, and how it is refused.

What bodies hold is read and written by `codec`, which is bound to one variant.
"""

from __future__ import annotations

from service.errors import RequestError, UnsupportedEncodingError, shown
from service.wire.message import Headers
from service.wire.native.accept import takes_octets
from service.wire.native.codec import OCTETS, Codec, Form, bind
from service.wire.native.query import ask_query
from service.wire.problem import PROBLEM_TYPE, STATUS, problem
from service.wire.protocol import Asked
from service.wire.wish import timeout_ms_of

__all__ = ["Codec", "Form", "ask", "bind", "owns", "refusal", "status", "takes"]

_PATH = "/predict"


def owns(path: str) -> bool:
    """Whether refusals at this path are written in this shape: all are that no other protocol claims."""
    return True


def takes(path: str) -> bool:
    """Whether a POST to this path asks for predictions."""
    return path == _PATH


def ask(path: str, query: bytes, headers: Headers) -> Asked:
    """Read the query and the headers. Raises InvalidRequestError and UnsupportedEncodingError."""
    length = timeout_ms = None
    octets_in = octets_out = False
    for name, value in headers:
        if name == b"content-length":
            length = int(value)  # the HTTP parser has refused anything else
        elif name == b"content-type":
            octets_in = value.partition(b";")[0].strip().lower() == OCTETS
        elif name == b"accept":
            octets_out = takes_octets(value)
        elif name == b"x-timeout-ms":
            timeout_ms = timeout_ms_of(value.decode("latin-1"))
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            given = shown(value.decode("latin-1"))
            raise UnsupportedEncodingError(f"Content-Encoding is {given}; send the body uncompressed")
    said = ask_query(query)
    form = Form(octets_in, octets_out)
    return Asked(said.target, said.timeout_ms or timeout_ms, length, None, form, said.wish, said.ids)


def status(error: RequestError) -> int:
    """Return the status that an error is."""
    return STATUS[type(error)]


def refusal(status: int, detail: str) -> tuple[bytes, bytes]:
    """Return the content type and the content of a problem document."""
    return PROBLEM_TYPE.encode(), problem(status, detail)
