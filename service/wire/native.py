"""The protocol of `POST /predict`: what a request asks for, and how its rows and its answer are written.

Two pure parts. To *ask* is to read a URL's query and headers, the same for all models. *Decode* and *encode*
are bound to one variant, once: what depends on the model is chosen then, and not in every request.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from bundle.manifest import VERSION_MAX
from service.errors import InvalidRequestError, RequestError, UnsupportedEncodingError, shown
from service.wire.accept import takes_octets
from service.wire.instances import decode_instances, refuse_octets
from service.wire.message import Body, Headers, Rows
from service.wire.pieces import LONG_BYTES
from service.wire.problem import PROBLEM_TYPE, STATUS, problem
from service.wire.protocol import Asked, Decoded, Scores
from service.wire.signature import Signature
from service.wire.target import Target
from service.wire.vectors import decode_json, decode_octets

_PATH = "/predict"
_OCTETS = b"application/octet-stream"
_JSON_HEADER = (b"content-type", b"application/json")

_PARAMETERS = ("variant", "model", "version", "timeout_ms")
TIMEOUT_MS_MAX = 3_600_000.0

_NUMBER_BYTES = 4  # as octets, and with its comma as JSON
_INSTANCE_BYTES = 32  # a short text, or two fields of an object
_LONGEST = 6  # times what a number commonly takes at least, as JSON

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True)
class Query:
    """What a query string says."""

    target: Target
    timeout_ms: float | None


@lru_cache(maxsize=1024)
def ask_query(query: bytes) -> Query:
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
    if version is not None and not (re.fullmatch(r"[0-9]{1,19}", version) and int(version) <= VERSION_MAX):
        raise InvalidRequestError(
            f"version is {shown(version)}; it must be a whole number up to {VERSION_MAX}, as in version=1"
        )
    timeout_ms = fields.get("timeout_ms")
    return Query(
        Target(fields.get("model"), None if version is None else int(version), fields.get("variant")),
        None if timeout_ms is None else timeout_ms_of(timeout_ms),
    )


def timeout_ms_of(value: str) -> float:
    """Read a time-out. Raises InvalidRequestError."""
    number = float(value) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value) else 0.0
    if not 0 < number <= TIMEOUT_MS_MAX:
        raise InvalidRequestError(
            f"timeout_ms is {shown(value)}; it must be above 0 and at most {TIMEOUT_MS_MAX:.0f}"
        )
    return number


class Form(NamedTuple):
    """In which way the rows come, and the answer is to be written: as octets, or else as JSON."""

    octets_in: bool = False
    octets_out: bool = False


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
            octets_in = value.partition(b";")[0].strip().lower() == _OCTETS
        elif name == b"accept":
            octets_out = takes_octets(value)
        elif name == b"x-timeout-ms":
            timeout_ms = timeout_ms_of(value.decode("latin-1"))
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            given = shown(value.decode("latin-1"))
            raise UnsupportedEncodingError(f"Content-Encoding is {given}; send the body uncompressed")
    said = ask_query(query)
    return Asked(said.target, said.timeout_ms or timeout_ms, length, None, Form(octets_in, octets_out))


@dataclass(frozen=True, slots=True)
class Codec:
    """Decodes and encodes for one variant."""

    row_bytes: int
    """The least that a row commonly takes in a body."""
    labels: tuple[int, ...] | tuple[str, ...]
    json: Callable[[Body], Rows]
    octets: Callable[[Body], Rows]
    json_prefix: bytes
    """The first fields of an answer, which are the same in all."""
    octets_headers: tuple[tuple[bytes, bytes], ...]

    def least_rows(self, asked: Asked, size: int) -> int:
        """Return how many rows a body commonly holds at the least: as octets, or else long numbers."""
        return size // (self.row_bytes if asked.form.octets_in else _LONGEST * self.row_bytes)

    def holds_up(self, asked: Asked, size: int) -> bool:
        """Tell whether to decode a body of `size` bytes holds up the event loop: not if it is octets."""
        return size >= LONG_BYTES and not asked.form.octets_in

    def decode(self, asked: Asked, body: Body) -> Decoded:
        """Return the rows of a body. Raises the RequestError that says what is wrong with it."""
        form = asked.form
        return Decoded(self.octets(body) if form.octets_in else self.json(body), form)

    def encode(self, form: Form, scores: Scores) -> tuple[Headers, bytes]:
        """Return the headers, but for Content-Length, and the content of an answer.

        As octets the probabilities are little-endian float32, row-major; as JSON they are exact: read as
        float32, they are the very numbers that the model gave.
        """
        if form.octets_out:
            return list(self.octets_headers), scores.probabilities.astype("<f4", copy=False).tobytes()
        labels = self.labels
        rest = {"predictions": [labels[index] for index in scores.best], "probabilities": scores.numbers}
        return [_JSON_HEADER], self.json_prefix + _encoder.encode(rest)[1:]


def bind(signature: Signature, *, max_rows: int) -> Codec:
    """Return what decodes bodies of at most `max_rows` rows for a variant, and encodes its answers."""
    json, octets = _decoders(signature, max_rows)
    named = {"model": signature.model, "version": signature.version, "variant": signature.variant}
    return Codec(
        row_bytes=_row_bytes(signature),
        labels=signature.labels,
        json=json,
        octets=octets,
        json_prefix=_encoder.encode(named)[:-1] + b",",
        octets_headers=(
            (b"content-type", _OCTETS),
            *((f"x-{name}".encode(), str(value).encode()) for name, value in named.items()),
        ),
    )


def _decoders(signature: Signature, max_rows: int) -> tuple[Callable[[Body], Rows], Callable[[Body], Rows]]:
    """Return what makes rows of a JSON body, and of one of octets."""
    encoder, spec = signature.encoder, signature.input
    if encoder is not None:
        return (
            partial(decode_instances, encoder=encoder, max_rows=max_rows),
            partial(refuse_octets, encoder=encoder),
        )
    step = spec.channels if spec.padded else 0
    return (
        partial(decode_json, features=spec.features, max_rows=max_rows, step=step, shape=spec.shape),
        partial(decode_octets, features=spec.features, max_rows=max_rows),
    )


def _row_bytes(signature: Signature) -> int:
    return _INSTANCE_BYTES if signature.input.fields is not None else _NUMBER_BYTES * signature.input.features


def status(error: RequestError) -> int:
    """Return the status that an error is."""
    return STATUS[type(error)]


def refusal(status: int, detail: str) -> tuple[bytes, bytes]:
    """Return the content type and the content of a problem document."""
    return PROBLEM_TYPE.encode(), problem(status, detail)
