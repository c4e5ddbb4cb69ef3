"""The request that most are: one input of float32 numbers, at the price of its numbers alone.

What such a request says besides its numbers is short, and the same again and again: it is remembered, with
all that was found right in it. What is not plain, or wrong in any way, is left to the ordinary road.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from math import prod
from typing import NamedTuple

import numpy as np

from bundle.manifest import InputSpec
from service.errors import RequestError
from service.wire.message import Body, Rows
from service.wire.open_inference.document import read
from service.wire.open_inference.form import Forms
from service.wire.pieces import LONG_BYTES, rows_in_pieces
from service.wire.protocol import Decoded
from service.wire.tensors import arrays
from service.wire.tensors.inputs import NOT_FINITE, VECTOR
from service.wire.vectors import check_finite

_PLANS = 256
_HEAD_BYTES_MAX = 1024
_DATA = re.compile(rb'"data"[ \t\r\n]*:[ \t\r\n]*\[(\[?)')
_NOTHING = b"[]"
_NO_ROWS = np.empty((0, 0), np.float32)
_NUMBER = np.dtype("<f4")


class _Plan(NamedTuple):
    """What is known of a plain request without its numbers."""

    size: int
    is_blob: bool
    decoded: Decoded


class Plain:
    """Reads plain requests to one model of vectors."""

    def __init__(self, spec: InputSpec, max_rows: int, forms: Forms) -> None:
        self._features = spec.features
        shapes = {(spec.features,), spec.shape}
        plan = partial(_plan, shapes=shapes, max_rows=max_rows, forms=forms)
        self._plan = lru_cache(maxsize=_PLANS)(plan)

    def read(self, variant: str | None, body: Body, length: int | None) -> Decoded | None:
        """Return what a body holds that has a blob after `length` bytes of JSON, or is JSON alone.

        None where it is not plain. Raises InvalidRequestError where a number is not finite.
        """
        return self._from_json(variant, body) if length is None else self._from_blob(variant, body, length)

    def _from_json(self, variant: str | None, body: Body) -> Decoded | None:
        parts = _cut(body)
        if parts is None:
            return None
        plan = self._plan(parts[0], variant)
        if plan is None or plan.is_blob:
            return None
        values = self._numbers(parts[1], plan)
        return None if values is None else self._decoded(values, plan)

    def _numbers(self, text: Body, plan: _Plan) -> Rows | None:
        if len(text) >= LONG_BYTES and text[1:2] == b"[":
            rows = rows_in_pieces(text, self._features)
            if rows is not None and rows.size == plan.size:
                return rows
        return arrays.numbers(text, plan.size)

    def _from_blob(self, variant: str | None, body: Body, length: int) -> Decoded | None:
        plan = self._plan(bytes(body[:length]), variant) if length <= _HEAD_BYTES_MAX else None
        if plan is None or not plan.is_blob or len(body) - length != plan.size * _NUMBER.itemsize:
            return None
        return self._decoded(np.frombuffer(body, _NUMBER, offset=length), plan)

    def _decoded(self, values: Rows, plan: _Plan) -> Decoded:
        rows = values.reshape(-1, self._features)
        check_finite(rows, NOT_FINITE)
        return plan.decoded._replace(rows=rows)


def _plan(
    head: bytes, variant: str | None, *, shapes: set[tuple[int, ...]], max_rows: int, forms: Forms
) -> _Plan | None:
    """Return what is known of a request by its JSON alone; None where it is not plain."""
    try:
        request = read(head)
        decoded = forms.decoded(request, variant, _NO_ROWS)
    except RequestError:
        return None
    if len(request.inputs) != 1:
        return None
    (one,) = request.inputs
    if one.name != VECTOR or one.datatype != "FP32" or one.shape[1:] not in shapes:
        return None
    size = prod(one.shape)
    is_blob = one.blob_size is not None
    if is_blob:
        is_plain = one.blob_size == size * _NUMBER.itemsize
    else:  # the list that was cut out must be this input's, and a name can be written in more than one way
        is_plain = one.data == _NOTHING and head.count(b'"data"') == 1 and b"\\" not in head
    return _Plan(size, is_blob, decoded) if is_plain and 0 < one.shape[0] <= max_rows else None


def _cut(body: Body) -> tuple[bytes, Body] | None:
    """Return a body with nothing in its first list of `data`, and that list; None where there is none.

    The list ends where the first bracket closes, or where two do, if two opened it. Should it not end there,
    then neither part is JSON: a text would be torn, or a bracket left open.
    """
    found = _DATA.search(body)
    if found is None:
        return None
    closing = b"]]" if found[1] else b"]"
    start, end = found.start(1), body.find(closing, found.end())
    if end < 0 or start + len(body) - end > _HEAD_BYTES_MAX:
        return None
    end += len(closing)
    return bytes(body[:start] + body[end - 1 :]), body[start - 1 : end]
