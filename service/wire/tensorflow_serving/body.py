"""Makes rows of what TensorFlow Serving's clients send: instances, inputs or examples."""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import simdjson

from bundle.encoder import Encoder, InstanceError
from service.errors import InvalidRequestError, shown
from service.wire.instances import members, read_carefully
from service.wire.message import Body, Rows
from service.wire.parser import parser
from service.wire.tensors.inputs import TEXT, VECTOR
from service.wire.vectors import check_count, checked, decode_json, long_rows, plain_rows

PREDICT, LABELLED, CLASSIFY = "serving_default", "labelled", "classify"
"""The signatures: probabilities; labels and probabilities, an output each; pairs of a label and a score."""

_STRANGERS_NAMED = 8  # fields that the model does not know, and that an answer can still be precise about


class Given(NamedTuple):
    """The members of a body that mean something."""

    key: str
    """`instances`, `inputs` or `examples`."""
    values: Any
    signature: str
    context: Any
    """The features that all examples share."""


def read(body: Body, *, classify: bool) -> Given:
    """Read a body; what else there is in it is ignored. Raises MalformedBodyError and InvalidRequestError."""
    try:
        # One for all could not be used while a traceback holds it.
        document: Any = simdjson.Parser().parse(body)
    except (ValueError, RuntimeError):
        document = read_carefully(body)
    keys = ("examples",) if classify else ("instances", "inputs")
    if not _is_object(document) or sum(key in document for key in keys) != 1:
        wanted = "'examples'" if classify else "exactly one of 'instances' and 'inputs'"
        raise InvalidRequestError(f"the body must be an object with {wanted}")
    key = next(key for key in keys if key in document)
    signature = document.get("signature_name", PREDICT)
    names = (PREDICT, CLASSIFY) if classify else (PREDICT, LABELLED)
    if not (isinstance(signature, str) and signature in ("", *names)):
        given = shown(signature) if isinstance(signature, str) else "no text"
        raise InvalidRequestError(f"signature_name is {given}; it may be {' or '.join(names)}")
    context = document.get("context", {}) if classify else {}
    return Given(key, document[key], signature or PREDICT, context)


class Vectors(NamedTuple):
    """Reads rows of numbers."""

    features: int
    shape: tuple[int, ...]
    step: int
    max_rows: int

    def plain(self, body: Body) -> tuple[str, str, Rows] | None:
        """Return key, signature and rows of a body that has nothing else, quickly; None of any other."""
        if (long := long_rows(body, self.features, self.max_rows)) is not None:
            return "instances", PREDICT, long
        try:
            document: Any = parser.parse(body)
            signature = PREDICT
            if len(document) == 2 and (signature := document["signature_name"]) in (PREDICT, LABELLED):
                body = body[body.index(b"[") : body.rindex(b"]") + 1]  # all lists, and nothing of the name
            elif len(document) != 1:
                return None
            key = "instances" if "instances" in document else "inputs"
            array = document[key]
            if key == "inputs" and isinstance(array, simdjson.Object):
                array = array[VECTOR] if len(array) == 1 else None
            rows = plain_rows(body, array, self.features, self.shape)
        except (ValueError, TypeError, KeyError, RuntimeError):
            return None
        return None if rows is None else (key, signature, checked(rows, self.max_rows))

    def rows(self, given: Given) -> Rows:
        """Return the rows, written anew in the one form in which all that is wrong with them is told."""
        key, values, _, context = given
        if key == "inputs" and _is_object(values):
            values = _only(_members(values, key, 1), key, VECTOR)
        elif _is_list(values):
            check_count(len(values), self.max_rows)
            if key == "examples" or _is_object(values[0]):
                return self._decode(key, b"[%b]" % b",".join(self._written_rows(key, values, context)))
        return self._decode(key, _written(values))

    def _written_rows(self, key: str, values: Any, context: Any) -> Iterator[bytes]:
        for index, value in enumerate(values):
            place = f"{key}[{index}]"
            yield _written(_only(_with_context(value, place, context, 1), place, VECTOR))

    def _decode(self, key: str, array: bytes) -> Rows:
        try:
            return decode_json(
                b'{"instances":%b}' % array,
                features=self.features,
                max_rows=self.max_rows,
                step=self.step,
                shape=self.shape,
            )
        except InvalidRequestError as error:
            raise InvalidRequestError(str(error).replace("instances", key)) from error


class Objects(NamedTuple):
    """Reads texts, or objects with named fields."""

    encoder: Encoder
    max_rows: int

    def plain(self, body: Body) -> None:
        """Nothing of these is read more quickly."""

    def rows(self, given: Given) -> Rows:
        """Return the encoded rows. Raises InvalidRequestError for the first that the model cannot take."""
        key, values, _, context = given
        if key == "inputs" and _is_object(values) and not self._is_text(values):
            listed = self._transposed(values)
        else:
            listed = self._list(key, values)
        instances = [self._instance(one, f"{key}[{at}]", context) for at, one in enumerate(listed)]
        try:
            return self.encoder.encode(instances)
        except InstanceError as error:
            raise InvalidRequestError(str(error).replace("instances", key, 1)) from error

    def _transposed(self, values: Any) -> list[dict[str, Any]]:
        """Return the rows of columns."""
        columns = {
            name: self._list(f"inputs.{name[:80]}", column)
            for name, column in _members(values, "inputs", self._most).items()
        }
        counts = [len(column) for column in columns.values()]
        if len(set(counts)) != 1:
            raise InvalidRequestError(f"all inputs must have as many values; they have {counts}")
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _list(self, place: str, values: Any) -> list[Any]:
        if not _is_list(values):
            raise InvalidRequestError(f"{place} must be a list")
        check_count(len(values), self.max_rows)
        return list(values)

    def _instance(self, value: Any, place: str, context: Any) -> Any:
        if not _is_object(value) or self._is_text(value):
            return _leaf(value, place)
        fields = _with_context(value, place, context, self._most)
        held = {name: _leaf(of, f"{place}.{name[:80]}") for name, of in fields.items()}
        return _only(held, place, TEXT) if self.encoder.bare else held

    def _is_text(self, value: Any) -> bool:
        """Whether an object is no instance with fields, but the text that is the whole instance."""
        return self.encoder.bare and _is_binary(value)

    @property
    def _most(self) -> int:
        return len(self.encoder.fields) + _STRANGERS_NAMED


def _with_context(value: Any, place: str, context: Any, most: int) -> dict[str, Any]:
    shared, own = _members(context, "context", most), _members(value, place, most)
    if both := shared.keys() & own.keys():
        raise InvalidRequestError(f"{place} and the context both have {shown(min(both))}")
    return shared | own


def _only(fields: Mapping[str, Any], place: str, name: str) -> Any:
    """Return the one member that there must be."""
    if list(fields) != [name]:
        given = ", ".join(shown(field) for field in fields)
        raise InvalidRequestError(f"{place} must have {name!r} and nothing else; it has {given or 'nothing'}")
    return fields[name]


def _members(value: Any, place: str, most: int) -> dict[str, Any]:
    if not _is_object(value):
        raise InvalidRequestError(f"{place} must be an object")
    if isinstance(value, dict) and len(value) <= most:
        return value
    return members(value, place, most)


def _leaf(value: Any, place: str) -> Any:
    """Return a value, alone or in a list by itself, bytes as text; what cannot be right is left out."""
    if _is_list(value):
        return _leaf(value[0], place) if len(value) == 1 and not _is_list(value[0]) else []
    if _is_object(value):
        return _text(value["b64"], place) if _is_binary(value) else {}
    return value


def _text(encoded: Any, place: str) -> str:
    try:
        return binascii.a2b_base64(encoded, strict_mode=True).decode()
    except (ValueError, TypeError) as error:
        raise InvalidRequestError(f"{place} is no text in UTF-8, written in Base64") from error


def _written(value: Any) -> bytes:
    if isinstance(value, simdjson.Array | simdjson.Object):
        written: Any = value.mini
        return bytes(written)
    return json.dumps(value).encode()


def _is_list(value: Any) -> bool:
    return isinstance(value, list | simdjson.Array)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict | simdjson.Object)


def _is_binary(value: Any) -> bool:
    return len(value) == 1 and "b64" in value
