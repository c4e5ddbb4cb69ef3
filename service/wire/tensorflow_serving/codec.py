"""How TensorFlow Serving's clients write their rows, and how they are answered.

An answer has what a classifier there has, the output of its last layer: clients take the largest of
`predictions[0]`, and a list of anything else they would misread in silence. Labels are for those who ask for
them: by `:classify`, or by the signature `labelled`, which has an output more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from service.wire.message import Body, Headers
from service.wire.pieces import LONG_BYTES
from service.wire.protocol import Asked, Decoded, Scores
from service.wire.signature import Signature, variant_header
from service.wire.tensorflow_serving.body import LABELLED, Objects, Vectors, read

_JSON = b"application/json"
_INSTANCE_BYTES = 192  # a short text, or some fields of an object
_NUMBER_BYTES = 24  # of the longest numbers that are commonly written

_encoder = msgspec.json.Encoder()


class Form(NamedTuple):
    """How an answer is written: as `predictions`, `outputs` or `results`; with the labels, or without."""

    key: str
    is_labelled: bool = False


_FORMS = {
    (given, is_labelled): Form(answered, is_labelled)
    for given, answered in (("instances", "predictions"), ("inputs", "outputs"), ("examples", "results"))
    for is_labelled in (False, True)
}


@dataclass(frozen=True, slots=True)
class Codec:
    """Decodes and encodes for one variant."""

    row_bytes: int
    variant: tuple[bytes, bytes]
    """As a header."""
    labels: tuple[int, ...] | tuple[str, ...]
    rows: Vectors | Objects

    def least_rows(self, asked: Asked, size: int) -> int:
        """Return how many rows a body commonly holds at the least."""
        return size // self.row_bytes

    def holds_up(self, asked: Asked, size: int) -> bool:
        """Tell whether to decode a body of `size` bytes holds up the event loop."""
        return size >= LONG_BYTES

    def decode(self, asked: Asked, body: Body) -> Decoded:
        """Return the rows of a body. Raises the RequestError that says what is wrong with it."""
        plain = None if asked.form else self.rows.plain(body)
        if plain is None:
            given = read(body, classify=asked.form)
            plain = given.key, given.signature, self.rows.rows(given)
        key, signature, rows = plain
        return Decoded(rows, _FORMS[key, signature == LABELLED])

    def encode(self, form: Form, scores: Scores) -> tuple[Headers, bytes]:
        """Return the headers, but for Content-Length, and the content of an answer.

        Numbers are exact: read as float32, they are the very numbers that the model gave.
        """
        return [(b"content-type", _JSON), self.variant], _encoder.encode(
            {form.key: self._answer(form, scores)}
        )

    def _answer(self, form: Form, scores: Scores) -> Any:
        numbers, labels = scores.numbers, self.labels
        if form.key == "results":
            return [
                [(str(label), score) for label, score in zip(labels, row, strict=True)] for row in numbers
            ]
        if not form.is_labelled:
            return numbers
        best = [labels[index] for index in scores.best]
        if form.key == "outputs":
            return {"label": best, "probabilities": numbers}
        return [{"label": label, "probabilities": row} for label, row in zip(best, numbers, strict=True)]


def bind(signature: Signature, *, max_rows: int) -> Codec:
    """Return what decodes bodies of at most `max_rows` rows for a variant, and encodes its answers."""
    spec, encoder = signature.input, signature.encoder
    variant = variant_header(signature)
    if encoder is not None:
        return Codec(_INSTANCE_BYTES, variant, signature.labels, Objects(encoder, max_rows))
    step = spec.channels if spec.padded else 0
    vectors = Vectors(spec.features, spec.shape, step, max_rows)
    return Codec(_NUMBER_BYTES * spec.features, variant, signature.labels, vectors)
