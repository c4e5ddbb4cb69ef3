"""Turns bodies of texts or objects into rows, for the models that take those instead of vectors."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import simdjson

from bundle.encoder import Encoder, InstanceError
from bundle.normalizer import FloatArray
from service.errors import InvalidRequestError, MalformedBodyError, UnsupportedTypeError, shown
from service.wire.message import Body
from service.wire.vectors import check_count

_INTEGER_DIGITS_MAX = 40  # Python refuses to read thousands; so many are beyond float32 already
_STRANGERS_NAMED = 8  # fields that the model does not know, and that an answer can still be precise about
_NOTHING: Any = object()

# What simdjson cannot read, Python's own parser is asked about, to say why or to know better: it reads half
# a surrogate pair, and any integer. It is too slow for the longest bodies that may come, and not asked then.
_CAREFULLY_READ_BYTES_MAX = 2**20


def decode_instances(body: Body, *, encoder: Encoder, max_rows: int) -> FloatArray:
    """Return the encoded rows of `{"instances": [...]}`, shape (rows, features).

    Raises MalformedBodyError where the body is not JSON, InvalidRequestError where an instance is not what
    the model takes, and TooLargeError where there are more than `max_rows`.
    """
    try:
        # One for all could not be used while a traceback holds it.
        document: Any = simdjson.Parser().parse(body)
    except (ValueError, RuntimeError):
        instances = _instances(read_carefully(body), encoder)
        check_count(len(instances), max_rows)
    else:
        instances = _walk(document, encoder, max_rows)
    try:
        return encoder.encode(instances)
    except InstanceError as error:
        raise InvalidRequestError(str(error)) from error


def refuse_octets(body: Body, *, encoder: Encoder) -> NoReturn:
    """Raise UnsupportedTypeError: raw numbers are no text, and no object."""
    raise UnsupportedTypeError(
        f"the body is application/octet-stream; this model takes JSON, {_shape(encoder)}"
    )


def _walk(document: Any, encoder: Encoder, max_rows: int) -> list[Any]:
    """Return the instances of a parsed body, and build nothing that could not be a part of them."""
    if not isinstance(document, simdjson.Object) or len(document) != 1 or "instances" not in document:
        raise InvalidRequestError(f"the body must be {_shape(encoder)}")
    instances = document["instances"]
    if not isinstance(instances, simdjson.Array):
        raise InvalidRequestError(f"the body must be {_shape(encoder)}")
    check_count(len(instances), max_rows)
    if encoder.bare:
        return [_leaf(one) for one in instances]
    most = len(encoder.fields) + _STRANGERS_NAMED
    return [_fields(one, index, most) for index, one in enumerate(instances)]


def _fields(instance: Any, index: int, most: int) -> Any:
    if not isinstance(instance, simdjson.Object):
        return _leaf(instance)
    return {name: _leaf(value) for name, value in members(instance, f"instances[{index}]", most).items()}


def members(value: Any, place: str, most: int) -> dict[str, Any]:
    """Return the members of a parsed object, none of them looked into: its own `items` builds them whole.

    Raises InvalidRequestError where there are more than `most`, or one twice; `place` is where it stands.
    """
    if len(value) > most:
        raise InvalidRequestError(f"{place} has {len(value)} fields, more than the model takes")
    names = list(value.keys())
    if len(set(names)) != len(names):
        raise InvalidRequestError(f"{place} has the field {_twice(names)} twice")
    return {name: None if "\0" in name else value[name] for name in names}  # its look-up stops at a NUL


def _leaf(value: Any) -> Any:
    """Return a value, or something empty in the place of what is nested and cannot be right."""
    if isinstance(value, simdjson.Array):
        return []
    return {} if isinstance(value, simdjson.Object) else value


def _twice(names: list[str]) -> str:
    return shown(next(name for name in names if names.count(name) > 1))


def read_carefully(body: Body) -> Any:
    """Return the document of a body that simdjson cannot read, or raise the error that says why."""
    if len(body) > _CAREFULLY_READ_BYTES_MAX:
        raise MalformedBodyError("the body is not JSON, or not all of it is UTF-8 and numbers of 64 bits")
    try:
        return json.loads(
            body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_integer
        )
    except (ValueError, RecursionError) as error:
        raise MalformedBodyError(f"the body is not JSON: {error}") from error


def _instances(document: Any, encoder: Encoder) -> list[Any]:
    instances = document.get("instances", _NOTHING) if isinstance(document, dict) else _NOTHING
    if not isinstance(instances, list) or len(document) != 1:
        raise InvalidRequestError(f"the body must be {_shape(encoder)}")
    return instances


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = _twice([name for name, _ in pairs])
        raise InvalidRequestError(f"the body has an object with the field {twice} twice")
    return fields


def _refuse_constant(constant: str) -> NoReturn:
    raise InvalidRequestError(f"the body holds {constant}; numbers must be finite")


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS_MAX else float(digits)


def _shape(encoder: Encoder) -> str:
    if encoder.bare:
        return '{"instances": ["...", ...]}: a list of texts'
    names = ", ".join(f"{shown(field.name)[1:-1]}" for field in encoder.fields[:5])
    more = ", ..." if len(encoder.fields) > 5 else ""
    return f'{{"instances": [{{...}}, ...]}}: a list of objects with the fields {names}{more}'
