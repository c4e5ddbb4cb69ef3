"""Reads what a request's query string and headers say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from service.engine.reply import Headers
from service.errors import InvalidRequestError, UnsupportedEncodingError, shown
from service.repository.resolver import Target

_PARAMETERS = ("variant", "model", "version", "timeout_ms")
_TIMEOUT_MS_MAX = 3_600_000.0


@dataclass(frozen=True)
class Query:
    """What a query string says."""

    target: Target
    timeout_ms: float | None


@lru_cache(maxsize=1024)
def parse_query(query: bytes) -> Query:
    """Read `variant=int8&model=NAME&version=N&timeout_ms=MS`.

    Raises InvalidRequestError for any other parameter: a misspelt one would be answered by the wrong variant.
    """
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=16)
    except ValueError as error:
        raise InvalidRequestError("the query has more than 16 parameters") from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name not in _PARAMETERS:
            allowed = ", ".join(_PARAMETERS)
            raise InvalidRequestError(f"query parameter {shown(name)} is not known; allowed are {allowed}")
        if name in fields:
            raise InvalidRequestError(f"query parameter {name!r} is given twice")
        if not value:
            raise InvalidRequestError(f"query parameter {name!r} is empty")
        fields[name] = value
    version = fields.get("version")
    if version is not None and not re.fullmatch(r"[0-9]{1,9}", version):
        raise InvalidRequestError(f"version is {shown(version)}; it must be a whole number, as in version=1")
    timeout_ms = fields.get("timeout_ms")
    return Query(
        Target(fields.get("model"), None if version is None else int(version), fields.get("variant")),
        None if timeout_ms is None else parse_timeout(timeout_ms),
    )


def parse_timeout(value: str) -> float:
    """Read a time in milliseconds. Raise InvalidRequestError where it is none."""
    number = float(value) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value) else 0.0
    if not 0 < number <= _TIMEOUT_MS_MAX:
        raise InvalidRequestError(
            f"timeout_ms is {shown(value)}; it must be above 0 and at most {_TIMEOUT_MS_MAX:.0f}"
        )
    return number


@dataclass(slots=True)
class Wants:
    """What a request's headers say, as far as it matters here."""

    length: int | None = None
    octets_in: bool = False
    octets_out: bool = False
    timeout_ms: float | None = None


def parse_headers(raw: Headers) -> Wants:
    """Read the headers. Raise UnsupportedEncodingError for a compressed body."""
    wants = Wants()
    for name, value in raw:
        if name == b"content-length":
            wants.length = int(value)  # the HTTP parser has refused anything else
        elif name == b"content-type":
            wants.octets_in = value.partition(b";")[0].strip().lower() == b"application/octet-stream"
        elif name == b"accept":
            wants.octets_out = b"application/octet-stream" in value.lower()
        elif name == b"x-timeout-ms":
            wants.timeout_ms = parse_timeout(value.decode("latin-1"))
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            given = shown(value.decode("latin-1"))
            raise UnsupportedEncodingError(f"Content-Encoding is {given}; send the body uncompressed")
    return wants
