"""The JSON of a request: its inputs, the outputs it wants, and what its parameters say."""

from __future__ import annotations

import json
from dataclasses import dataclass

import msgspec

from service.errors import InvalidRequestError, MalformedBodyError, RequestError, shown
from service.wire.ids import ids_in
from service.wire.message import Body
from service.wire.open_inference.parameters import (
    choice,
    flag,
    refuse_reserved,
    refuse_shared_memory,
    timeout_ms_in,
    variant_in,
    whole,
)
from service.wire.tensors import arrays, blobs
from service.wire.tensors.outputs import Choice
from service.wire.tensors.tensor import Tensor
from service.wire.wish import Wish, wish_of

_Scalar = bool | int | float | str


class _Input(msgspec.Struct, frozen=True):
    name: str
    shape: tuple[int, ...]
    datatype: str
    parameters: dict[str, _Scalar] = {}
    data: msgspec.Raw = msgspec.Raw()


class _Output(msgspec.Struct, frozen=True):
    name: str
    parameters: dict[str, _Scalar] = {}


class _Document(msgspec.Struct, frozen=True):
    inputs: tuple[_Input, ...]
    id: str = ""
    parameters: dict[str, _Scalar] = {}
    outputs: tuple[_Output, ...] = ()


_decoder = msgspec.json.Decoder(_Document)


@dataclass(frozen=True, slots=True)
class Input:
    """An input as the JSON has it: with its values, or the size of the blob that has them."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: bytes
    blob_size: int | None


@dataclass(frozen=True, slots=True)
class Request:
    """What the JSON of a request says."""

    inputs: tuple[Input, ...]
    id: str = ""
    variant: str | None = None
    timeout_ms: float | None = None
    wish: Wish | None = None
    ids: bool = False
    is_binary: bool = False
    """Whether outputs are to be blobs that do not say so themselves."""
    choices: tuple[Choice, ...] = ()
    """The outputs that it names; none for all."""


def read_json(body: Body) -> tuple[Request, list[Tensor]]:
    """Return what a body of JSON alone asks for, and its tensors. Raises RequestError."""
    request = read(body)
    return request, [_listed(one, one.data) for one in request.inputs]


def read_blobs(body: Body, length: int) -> tuple[Request, list[Tensor]]:
    """Return what a body asks for that has blobs after `length` bytes of JSON, and its tensors.

    Raises RequestError.
    """
    if length > len(body):
        raise InvalidRequestError(
            f"Inference-Header-Content-Length is {length}, and the body {len(body)} bytes long"
        )
    request, rest = read(body[:length]), memoryview(body)[length:]
    tensors = []
    for one in request.inputs:
        if one.blob_size is None:
            tensors.append(_listed(one, one.data))
        else:
            if one.blob_size > len(rest):
                raise InvalidRequestError(
                    f"input {shown(one.name)} is to have {one.blob_size} bytes, and {len(rest)} are left"
                )
            blob, rest = rest[: one.blob_size], rest[one.blob_size :]
            tensors.append(blobs.unpack(one.name, one.datatype, one.shape, blob))
    if rest:
        raise InvalidRequestError(f"the body has {len(rest)} bytes more than its inputs")
    return request, tensors


def _listed(one: Input, data: Body) -> Tensor:
    if one.blob_size is not None:
        raise InvalidRequestError(
            f"input {shown(one.name)} has binary_data_size, but there is no Inference-Header-Content-Length"
        )
    if not data:
        raise InvalidRequestError(f"input {shown(one.name)} has no data")
    return arrays.read(one.name, one.datatype, one.shape, data)


def read(text: Body) -> Request:
    """Return what the JSON of a request says.

    Raises MalformedBodyError where it is not JSON, and InvalidRequestError where it is not such a request.
    """
    try:
        document = _decoder.decode(text)
        if not text.isascii():
            text.decode()  # what is skipped must be UTF-8 as well
    except msgspec.ValidationError as error:
        raise InvalidRequestError(f"the request is not what it must be: {error}".replace("`", "'")) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(text, error) from error
    parameters = document.parameters
    refuse_reserved(parameters)
    is_binary = flag(parameters, "binary_data_output", is_set=False)
    return Request(
        inputs=tuple(_input(one) for one in document.inputs),
        id=document.id,
        variant=variant_in(parameters),
        timeout_ms=timeout_ms_in(parameters),
        wish=wish_of(parameters),
        ids=ids_in(parameters),
        choices=tuple(choice(one.name, one.parameters, is_binary=is_binary) for one in document.outputs),
        is_binary=is_binary,
    )


def _malformed(text: Body, error: Exception) -> RequestError:
    """Say what keeps a text from being JSON, NaN and Infinity by name: some clients write them."""
    found: list[str] = []
    try:
        json.loads(text, parse_constant=found.append)
    except (ValueError, RecursionError):
        found.clear()
    if found:
        return InvalidRequestError(f"the body holds {found[0]}; numbers must be finite")
    return MalformedBodyError(f"the body is not JSON: {error}")


def _input(one: _Input) -> Input:
    refuse_shared_memory(one.name, one.parameters)
    size = whole(one.parameters, "binary_data_size")
    data = bytes(one.data)
    if size is not None and data:
        raise InvalidRequestError(f"input {shown(one.name)} has both data and binary_data_size")
    return Input(one.name, one.datatype, one.shape, data, size)
