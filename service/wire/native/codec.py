"""Rows and answers as `POST /predict` has them, for one variant: what depends on the model is chosen once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from service.wire.instances import decode_instances, refuse_octets
from service.wire.message import Body, Headers, Rows
from service.wire.pieces import LONG_BYTES
from service.wire.protocol import Asked, Decoded, Scores
from service.wire.signature import Signature
from service.wire.vectors import decode_json, decode_octets

OCTETS = b"application/octet-stream"

_JSON_HEADER = (b"content-type", b"application/json")
_NUMBER_BYTES = 4  # as octets, and with its comma as JSON
_INSTANCE_BYTES = 32  # a short text, or two fields of an object
_LONGEST = 6  # times what a number commonly takes at least, as JSON

_encoder = msgspec.json.Encoder()


class Form(NamedTuple):
    """In which way the rows come, and the answer is to be written: as octets, or else as JSON."""

    octets_in: bool = False
    octets_out: bool = False


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
        if scores.id is not None:
            rest["id"] = scores.id
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
            (b"content-type", OCTETS),
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
