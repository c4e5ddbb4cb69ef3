"""What TensorFlow Serving's addresses say: which model, and what is wanted of it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bundle.manifest import AUTO, VERSION_MAX
from service.errors import InvalidRequestError, UnknownTargetError, shown
from service.wire.target import Target, named

_FORM = "/v1/models/NAME[/versions/NUMBER|/labels/LABEL]"
_ADDRESS = re.compile(
    r"/v1/models/([^/:]+)(?:/versions/([0-9]+)|/labels/([^/:]+))?(?::(predict|classify|regress)|/(metadata))?",
    re.IGNORECASE | re.ASCII,
)


class Address(NamedTuple):
    """An address, and what it asks for."""

    target: Target
    asked: str
    """`predict`, `classify`, `regress`, `metadata`; of a bare model its `status`."""
    name: str
    """Of the model, as it was given: `digits`, or `digits~int8`."""


def owns(path: str) -> bool:
    """Whether this protocol is spoken at a path."""
    return path[:4].lower() == "/v1/"


def takes(path: str) -> bool:
    """Whether a POST to a path asks for something to be computed."""
    match = _ADDRESS.fullmatch(path) if owns(path) else None
    return match is not None and match[4] is not None


@lru_cache(maxsize=1024)
def address(path: str) -> Address:
    """Read a path, percent-decoded: names as they are written, everything else in any case.

    A label is a variant's name, and so is what follows `~` in a model's. Version 0 is the newest, as for
    OpenVINO's client, which asks for it unless told otherwise. Raises InvalidRequestError, and
    UnknownTargetError where a name can be none.
    """
    match = _ADDRESS.fullmatch(path)
    if match is None:
        raise InvalidRequestError(
            f"malformed request: {shown(path)}; an address is {_FORM}, with :predict, :classify or /metadata"
        )
    name, digits, label, verb, metadata = match.groups()
    model, variant = named(name)
    if not model or variant == "":
        raise UnknownTargetError(f"there is no model {shown(name)}")
    if label is not None and variant is not None and label != variant:
        raise InvalidRequestError(
            f"the model {shown(name)} is one variant, and the label {shown(label)} another"
        )
    return Address(
        Target(model, None if digits is None else _version(digits), label or variant),
        (verb or metadata or "status").lower(),
        name,
    )


@lru_cache(maxsize=1024)
def left_to_service(target: Target) -> Target:
    """Return the same version with the variant left to the service, always the same object."""
    return Target(target.model, target.version, AUTO)


def _version(digits: str) -> int | None:
    number = int(digits) if len(digits) <= len(str(VERSION_MAX)) else VERSION_MAX + 1
    if number > VERSION_MAX:
        raise InvalidRequestError(f"version is {shown(digits)}; it must be at most {VERSION_MAX}")
    return number or None
