"""What a ModelInferRequest asks for, and, bound to one variant, its rows and the answer to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.errors import InvalidRequestError, shown
from service.rpc.messages import InferResponse
from service.rpc.tensors import read, write, write_raw
from service.wire import open_inference
from service.wire.ids import ids_in
from service.wire.message import Headers
from service.wire.open_inference.document import Request
from service.wire.open_inference.form import Form, Forms
from service.wire.open_inference.parameters import (
    choice,
    refuse_reserved,
    refuse_shared_memory,
    timeout_ms_in,
    variant_in,
)
from service.wire.pieces import LONG_BYTES
from service.wire.protocol import Asked, Decoded, Scores
from service.wire.signature import Signature, variant_header
from service.wire.target import name_of
from service.wire.tensors.inputs import reader
from service.wire.tensors.outputs import Outputs
from service.wire.wish import wish_of

_OF_STREAMS = "triton_enable_empty_final_response"  # perf_analyzer always says it; here it changes nothing
_NUMBER_BYTES = 8  # of a double, which is the longest
_INSTANCE_BYTES = 32  # as in the protocol over REST

status = open_inference.status


def ask(request: Any, left_s: float | None) -> Asked:
    """Return what a request asks for that has so many seconds left.

    Raises UnknownTargetError where its model or its version can be none.
    """
    asked = open_inference.target(request.model_name, request.model_version or None)
    return Asked(asked, None if left_s is None else max(0.0, left_s * 1e3))


class Codec:
    """Decodes and encodes for one variant. A body is a message."""

    def __init__(self, signature: Signature, max_rows: int) -> None:
        spec = signature.input
        self._rows = reader(signature, max_rows=max_rows)
        self._outputs = Outputs(signature.labels)
        self._forms = Forms(self._outputs)
        self._row_bytes = _INSTANCE_BYTES if spec.fields is not None else _NUMBER_BYTES * spec.features
        self._names = {False: signature.model, True: name_of(signature.model, signature.variant)}
        self._version = str(signature.version)
        self._variant = variant_header(signature)

    def least_rows(self, _: Asked, size: int) -> int:
        """Return how many rows a message of `size` bytes commonly holds at the least."""
        return size // self._row_bytes

    def holds_up(self, _: Asked, size: int) -> bool:
        """Tell whether decoding so many bytes holds up the event loop, as numbers one by one do."""
        return size >= LONG_BYTES

    def decode(self, asked: Asked, message: Any) -> Decoded:
        """Return what a message holds; it is answered in the form that it has. Raises RequestError."""
        request = _understood(message)
        for one in message.inputs:
            refuse_shared_memory(one.name, one.parameters)
        rows = self._rows(read(message.inputs, message.raw_input_contents))
        return self._forms.decoded(request, asked.target.variant, rows)

    def encode(self, form: Form, scores: Scores) -> tuple[Headers, Any]:
        """Return what its parameters are to say as headers, and the message that is the answer."""
        answer = InferResponse(model_name=self._names[form.is_named], model_version=self._version, id=form.id)
        for one in form.choices:
            spec = self._outputs.described(one, len(scores.best))
            if one.is_binary:
                write_raw(answer, spec, self._outputs.blob(one, scores))
            else:
                write(answer, spec, self._outputs.values(one, scores))
        return [self._variant], answer


def bind(signature: Signature, *, max_rows: int) -> Codec:
    """Return what decodes messages of at most `max_rows` rows for a variant, and encodes its answers."""
    return Codec(signature, max_rows)


def _understood(message: Any) -> Request:
    """Return what a message says besides its inputs. All outputs are in one form, whatever each asks for."""
    is_raw = len(message.raw_input_contents) > 0
    parameters = _values(message.parameters)
    parameters.pop(_OF_STREAMS, None)
    refuse_reserved(parameters)
    choices = [
        choice(one.name, _values(one.parameters) | {"binary_data": is_raw}, is_binary=is_raw)
        for one in message.outputs
    ]
    return Request(
        inputs=(),
        id=message.id,
        variant=variant_in(parameters),
        timeout_ms=timeout_ms_in(parameters),
        wish=wish_of(parameters),
        ids=ids_in(parameters),
        is_binary=is_raw,
        choices=tuple(choices),
    )


def _values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as Python's values. Raises InvalidRequestError for one that has none."""
    found = {}
    for name, parameter in parameters.items():
        kind = parameter.WhichOneof("parameter_choice")
        if kind is None:
            raise InvalidRequestError(f"parameter {shown(name)} has no value")
        found[name] = getattr(parameter, kind)
    return found
