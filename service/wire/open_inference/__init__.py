"""The Open Inference Protocol v2 over REST: what a request's head asks for, and how a refusal is written.

What bodies hold is read and written by `codec`, which is bound to one variant.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bundle.manifest import VERSION_MAX
from service.errors import InvalidRequestError, UnknownTargetError, shown
from service.wire.expand import coding_of
from service.wire.message import Headers
from service.wire.open_inference.codec import HEADER_LENGTH, Codec, bind
from service.wire.problem import sentence as refusal
from service.wire.problem import sentence_status as status
from service.wire.protocol import Asked
from service.wire.target import Target, named

__all__ = ["Codec", "ask", "bind", "owns", "refusal", "status", "takes", "target"]

_ROOT = "/v2"
_INFER = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")


def owns(path: str) -> bool:
    """Whether refusals at this path are written in this shape."""
    return path.startswith("/v2/") or path == _ROOT


def takes(path: str) -> bool:
    """Whether a POST to this path asks for predictions."""
    return _INFER.fullmatch(path) is not None


def ask(path: str, query: bytes, headers: Headers) -> Asked:
    """Read the path and the headers; a query says nothing here, and may be for whoever stands between.

    Raises InvalidRequestError, UnknownTargetError and UnsupportedEncodingError.
    """
    found = _INFER.fullmatch(path)
    assert found is not None, path  # noqa: S101 - the caller has asked `takes`
    length = head = coding = None
    for name, value in headers:
        if name == b"content-length":
            length = int(value)  # the HTTP parser has refused anything else
        elif name == HEADER_LENGTH:
            head = _head_length(value, head)
        elif name == b"content-encoding":
            coding = coding_of(value)
    return Asked(target(*found.groups()), None, length, coding, head)


@lru_cache(maxsize=1024)
def target(name: str, version: str | None) -> Target:
    """Return what a model's name, such as `digits~int8`, and a version in digits mean.

    Always the same object, by which what it means is remembered.
    Raises UnknownTargetError where that can be no name, or no version.
    """
    model, variant = named(name)
    if not model or variant == "":
        raise UnknownTargetError(f"there is no model {shown(name)}")
    if version is None:
        return Target(model, None, variant)
    if not (re.fullmatch(r"[0-9]{1,19}", version) and int(version) <= VERSION_MAX):
        raise UnknownTargetError(f"{shown(name)} has no version {shown(version)}; versions are whole numbers")
    return Target(model, int(version), variant)


def _head_length(value: bytes, before: int | None) -> int:
    """Return the length of the JSON before the blobs, which must be said in digits, and in one way."""
    if not re.fullmatch(rb"[0-9]{1,15}", value.strip()) or before not in (None, int(value)):
        given = shown(value.decode("latin-1"))
        raise InvalidRequestError(
            f"Inference-Header-Content-Length is {given}; it must be the length of the JSON in bytes"
        )
    return int(value)
