"""From the tensors of a request to the rows of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan, prod
from typing import Any

import numpy as np

from bundle.encoder import Encoder, InstanceError
from bundle.fields import AnyField, BooleanField, NumberField, word
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from service.errors import InvalidRequestError, shown
from service.wire.message import Rows
from service.wire.signature import Signature
from service.wire.tensors.tensor import BOOL, BYTES, NUMBERS, Tensor, TensorSpec, described
from service.wire.vectors import check_count, check_finite

NOT_FINITE = "input 'x' has {value} as value {column} of row {row}"
"""What is said of a number of a vector that is not finite, or too large."""

_NAMED_MAX = 5  # inputs that a message names

VECTOR = "x"
TEXT = "text"
_QUANTITIES = NUMBERS.keys() - {BOOL}

Reader = Callable[[Sequence[Tensor]], Rows]
"""Makes rows of the tensors of a request.

Raises InvalidRequestError where they are not what the model takes, TooLargeError where that is too much.
"""


def input_specs(spec: InputSpec) -> tuple[TensorSpec, ...]:
    """Return the tensors that a model takes: `x`, `text`, or one a field of a table."""
    if spec.fields is None:
        return (TensorSpec(VECTOR, "FP32", (-1, spec.features)),)
    if spec.kind == "text":
        return (TensorSpec(TEXT, BYTES, (-1, 1)),)
    return tuple(
        TensorSpec(field.name, _datatype(field), (-1, 1), field.missing == "filled") for field in spec.fields
    )


def _datatype(field: AnyField) -> str:
    if isinstance(field, NumberField):
        return "FP32"
    return BOOL if isinstance(field, BooleanField) else BYTES


def reader(signature: Signature, *, max_rows: int) -> Reader:
    """Return what makes rows for a variant, at most `max_rows` of them."""
    encoder = signature.encoder
    if encoder is None:
        return _Vectors(signature.input, max_rows)
    return _Texts(encoder, max_rows) if encoder.bare else _Tables(encoder, max_rows)


class _Vectors:
    """Reads `x`: flat rows, or rows in the model's own shape; of a padded sequence, short ones as well."""

    def __init__(self, spec: InputSpec, max_rows: int) -> None:
        self._features = spec.features
        self._max_rows = max_rows
        self._shapes = {(spec.features,), spec.shape}
        self._wanted = f"the model takes [rows, {spec.features}]"
        if len(spec.shape) > 1:
            self._wanted += f" or [rows, {', '.join(map(str, spec.shape))}]"
        if spec.padded:
            steps, channels = spec.shape
            self._shapes |= {(channels * n,) for n in range(1, steps)}
            self._shapes |= {(n, channels) for n in range(1, steps)}
            self._wanted += f", and less than {steps} steps"

    def __call__(self, tensors: Sequence[Tensor]) -> Rows:
        tensor = _only(tensors, VECTOR)
        shape, values = tensor.shape, tensor.values
        if tensor.datatype not in _QUANTITIES:
            raise InvalidRequestError(f"input 'x' has datatype {tensor.datatype}; the model takes FP32")
        if shape[1:] not in self._shapes:
            raise InvalidRequestError(f"input 'x' has shape {described(shape)}; {self._wanted}")
        check_count(shape[0], self._max_rows)
        _check_size(tensor)
        rows = _as_floats(values).reshape(shape[0], -1)
        check_finite(rows, NOT_FINITE)
        return rows if rows.shape[1] == self._features else _filled_up(rows, self._features)


def _as_floats(values: Any) -> Rows:
    """Return numbers as float64 where they are, or were in JSON, and as float32 otherwise."""
    if not isinstance(values, np.ndarray):
        if None in values:
            raise InvalidRequestError("input 'x' has a null; the model takes numbers")
        values = np.array(values, np.float64)
    is_double = values.dtype == np.float64
    floats: Rows = values if is_double else values.astype(np.float32, copy=False)
    return floats


def _filled_up(rows: Rows, features: int) -> FloatArray:
    whole = np.zeros((len(rows), features), np.float32)
    whole[:, : rows.shape[1]] = rows
    return whole


class _Texts:
    """Reads `text`."""

    def __init__(self, encoder: Encoder, max_rows: int) -> None:
        self._encoder = encoder
        self._max_rows = max_rows

    def __call__(self, tensors: Sequence[Tensor]) -> Rows:
        tensor = _only(tensors, TEXT)
        if tensor.datatype != BYTES:
            raise InvalidRequestError(f"input 'text' has datatype {tensor.datatype}; the model takes BYTES")
        _check_column(tensor, self._max_rows)
        return _encoded(self._encoder, _python_values(tensor))


class _Tables:
    """Reads an input a field. One that is left out is missing in all rows, and so is a null, or a NaN."""

    def __init__(self, encoder: Encoder, max_rows: int) -> None:
        self._encoder = encoder
        self._max_rows = max_rows
        self._fields = {field.name: field for field in encoder.fields}

    def __call__(self, tensors: Sequence[Tensor]) -> Rows:
        columns: dict[str, list[Any]] = {}
        for tensor in tensors:
            name = tensor.name if tensor.name in self._fields else word(tensor.name)
            field = self._fields.get(name)
            if field is None:
                raise _unknown(tensor.name, list(self._fields))
            if name in columns:
                raise InvalidRequestError(f"input {shown(name)} is given twice")
            _check_column(tensor, self._max_rows)
            columns[name] = _column(tensor, field)
        rows = {len(column) for column in columns.values()}
        if len(rows) != 1:
            raise InvalidRequestError(
                f"the inputs have {', '.join(map(str, sorted(rows)))} rows; all must have as many"
                if rows
                else f"there are no inputs; the model takes {_named(list(self._fields))}"
            )
        instances = [
            dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
        ]
        return _encoded(self._encoder, instances)


def _column(tensor: Tensor, field: AnyField) -> list[Any]:
    """Return the values of a field, as its encoder takes them: it looks at each."""
    wanted = _datatype(field)
    if (wanted == BYTES) != (tensor.datatype == BYTES) and wanted != BOOL:
        raise InvalidRequestError(
            f"input {shown(tensor.name)} has datatype {tensor.datatype}; the model takes {wanted}"
        )
    values = _python_values(tensor)
    if field.missing == "filled" and tensor.datatype in ("FP16", "FP32", "FP64"):
        return [None if value is None or isnan(value) else value for value in values]
    return values


def _python_values(tensor: Tensor) -> list[Any]:
    values = tensor.values
    if isinstance(values, np.ndarray):
        return values.tolist()  # type: ignore[no-any-return]
    try:
        return [value.decode() if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"input {shown(tensor.name)} has a text that is not UTF-8: {error}"
        ) from error


def _encoded(encoder: Encoder, instances: list[Any]) -> FloatArray:
    try:
        return encoder.encode(instances)
    except InstanceError as error:
        raise InvalidRequestError(str(error).replace("instances", "rows", 1)) from error


def _only(tensors: Sequence[Tensor], name: str) -> Tensor:
    """Return the one input that a model takes."""
    for tensor in tensors:
        if tensor.name != name:
            raise _unknown(tensor.name, [name])
    if len(tensors) != 1:
        raise InvalidRequestError(f"there are {len(tensors)} inputs; the model takes one, {name!r}")
    return tensors[0]


def _unknown(name: str, known: list[str]) -> InvalidRequestError:
    return InvalidRequestError(f"there is no input {shown(name)}; the model takes {_named(known)}")


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(map(shown, names[:_NAMED_MAX])) + more


def _check_column(tensor: Tensor, max_rows: int) -> None:
    if tensor.shape[1:] != (1,):
        raise InvalidRequestError(
            f"input {shown(tensor.name)} has shape {described(tensor.shape)}; the model takes [rows, 1]"
        )
    check_count(tensor.shape[0], max_rows)
    _check_size(tensor)


def _check_size(tensor: Tensor) -> None:
    if len(tensor.values) != prod(tensor.shape):
        raise InvalidRequestError(
            f"input {shown(tensor.name)} has {len(tensor.values)} values; its shape "
            f"{described(tensor.shape)} needs {prod(tensor.shape)}"
        )
