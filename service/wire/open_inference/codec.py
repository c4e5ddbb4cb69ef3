"""Reads the bodies of requests to one variant, and writes its answers: JSON, and blobs after it."""

from __future__ import annotations

from dataclasses import astuple
from functools import lru_cache, partial

import msgspec

from service.errors import InvalidRequestError
from service.wire.message import Body, Headers
from service.wire.open_inference.document import read_blobs, read_json
from service.wire.open_inference.form import Form, Forms
from service.wire.open_inference.plain import Plain
from service.wire.pieces import LONG_BYTES
from service.wire.protocol import Asked, Decoded, Scores
from service.wire.signature import Signature, variant_header
from service.wire.target import name_of
from service.wire.tensors.blobs import unpack
from service.wire.tensors.inputs import input_specs, reader
from service.wire.tensors.outputs import Choice, Outputs
from service.wire.tensors.tensor import BYTES, NUMBERS, Tensor

HEADER_LENGTH = b"inference-header-content-length"

_JSON_HEADER = (b"content-type", b"application/json")
_OCTETS_HEADER = (b"content-type", b"application/octet-stream")
_DOUBLE_BYTES = 8
_INSTANCE_BYTES = 32  # a short text, or two fields of a table
_LONGEST = 4  # times what a double takes, a number in JSON and what is between it and the next
_HEADS = 256

_encoder = msgspec.json.Encoder()


class Codec:
    """Decodes and encodes for one variant."""

    def __init__(self, signature: Signature, max_rows: int) -> None:
        spec = signature.input
        self._specs = input_specs(spec)
        self._is_padded = spec.padded
        self._rows = reader(signature, max_rows=max_rows)
        self._outputs = Outputs(signature.labels)
        self._forms = Forms(self._outputs)
        self._plain = None if spec.fields is not None else Plain(spec, max_rows, self._forms)
        self._row_bytes = _INSTANCE_BYTES if spec.fields is not None else _DOUBLE_BYTES * spec.features
        names = {False: signature.model, True: name_of(signature.model, signature.variant)}
        self._prefixes = {
            is_named: b'{"model_name":%s,"model_version":"%d",' % (_encoder.encode(name), signature.version)
            for is_named, name in names.items()
        }
        self._variant = variant_header(signature)
        self._head = lru_cache(maxsize=_HEADS)(partial(_head, self._outputs))

    def least_rows(self, asked: Asked, size: int) -> int:
        """Return how many rows a body commonly holds at the least: of doubles, or of long numbers in JSON."""
        return size // (self._row_bytes if asked.form is not None else _LONGEST * self._row_bytes)

    def holds_up(self, asked: Asked, size: int) -> bool:
        """Tell whether to decode a body of `size` bytes holds up the event loop: its blobs do not."""
        return (size if asked.form is None else asked.form) >= LONG_BYTES

    def decode(self, asked: Asked, body: Body) -> Decoded:
        """Return what a body holds; `form` is the length of its JSON, None where it is JSON alone.

        Raises the RequestError that says what is wrong with it.
        """
        length: int | None = asked.form
        variant = asked.target.variant
        if length == 0:
            return Decoded(self._rows([self._only_input(body)]), self._forms.raw(variant))
        plain = self._plain.read(variant, body, length) if self._plain is not None else None
        if plain is not None:
            return plain
        request, tensors = read_json(body) if length is None else read_blobs(body, length)
        return self._forms.decoded(request, variant, self._rows(tensors))

    def _only_input(self, body: Body) -> Tensor:
        """Return the tensor that a whole body is: one row of the model's only input.

        Raises InvalidRequestError where it has several, or the body is none.
        """
        if len(self._specs) != 1:
            raise InvalidRequestError(
                f"Inference-Header-Content-Length is 0, and the model has {len(self._specs)} inputs, not one"
            )
        (spec,) = self._specs
        shape = (1, *spec.shape[1:])
        if spec.datatype == BYTES:
            return Tensor(spec.name, BYTES, shape, [bytes(body)])
        if self._is_padded:
            shape = (1, max(1, len(body) // NUMBERS[spec.datatype].itemsize))
        return unpack(spec.name, spec.datatype, shape, body)

    def encode(self, form: Form, scores: Scores) -> tuple[Headers, bytes]:
        """Return the headers, but for Content-Length, and the content of an answer."""
        described: list[bytes] = []
        blobs: list[bytes] = []
        outputs, rows = self._outputs, len(scores.best)
        for choice in form.choices:
            head = self._head(choice, rows)
            if choice.is_binary:
                blob = outputs.blob(choice, scores)
                blobs.append(blob)
                described.append(b'%s"parameters":{"binary_data_size":%d}}' % (head, len(blob)))
            else:
                described.append(b'%s"data":%s}' % (head, _encoder.encode(outputs.values(choice, scores))))
        identity = b'"id":%s,' % _encoder.encode(form.id) if form.id else b""
        listed = b",".join(described)
        content = b'%s%s"outputs":[%s]}' % (self._prefixes[form.is_named], identity, listed)
        if not blobs:
            return [_JSON_HEADER, self._variant], content
        length = HEADER_LENGTH, b"%d" % len(content)
        return [_OCTETS_HEADER, length, self._variant], b"".join([content, *blobs])


def _head(outputs: Outputs, choice: Choice, rows: int) -> bytes:
    """Return what the JSON of an answer says of an output, up to its values."""
    name, datatype, shape, _ = astuple(outputs.described(choice, rows))
    return b'{"name":"%s","datatype":"%s","shape":[%d,%d],' % (name.encode(), datatype.encode(), *shape)


def bind(signature: Signature, *, max_rows: int) -> Codec:
    """Return what decodes bodies of at most `max_rows` rows for a variant, and encodes its answers."""
    return Codec(signature, max_rows)
