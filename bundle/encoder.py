"""Turns instances, texts or objects with named fields, into the float32 rows that every runtime takes.

A row begins with the columns of the numbers, booleans and categories, in the order of the fields, and ends
with the token ids of the texts. Pure: what an instance becomes depends on the manifest and the vocabulary
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bundle.fields import FALSE, TRUE, AnyField, BooleanField, CategoryField, NumberField, TextField, word
from bundle.normalizer import FloatArray
from bundle.vocabulary import Vocabulary

_FLOAT32_MAX = float(np.finfo(np.float32).max)
_NAMED_MAX = 5  # categories or fields that one message names
_SHOWN_MAX = 60  # characters of a value that a message shows

_Write = Callable[[FloatArray, Any], None]


class InstanceError(ValueError):
    """An instance that the model cannot take. The message names it, its field, and what is allowed."""


@dataclass(frozen=True)
class Encoder:
    """Maps instances to rows, shape (n, features).

    With `bare`, an instance is a text by itself, the value of the only field. Otherwise it is an object.
    """

    fields: tuple[AnyField, ...]
    vocabulary: Vocabulary
    bare: bool = False

    @property
    def features(self) -> int:
        return sum(field.columns for field in self.fields)

    def encode(self, instances: Sequence[Any]) -> FloatArray:
        """Encode texts or mappings of fields. Raises InstanceError for the first that cannot be taken."""
        rows = np.zeros((len(instances), self.features), np.float32)
        for index, instance in enumerate(instances):
            if self.bare:
                self._write_bare(rows[index], index, instance)
            else:
                self._write_object(rows[index], index, instance)
        return rows

    @cached_property
    def _writers(self) -> dict[str, tuple[AnyField, _Write]]:
        """Return what writes each field into a row, by name: numbers and categories before all texts."""
        writers: dict[str, tuple[AnyField, _Write]] = {}
        start = 0
        for field in in_order_of_columns(self.fields):
            writers[field.name] = field, self._writer(field, slice(start, start + field.columns))
            start += field.columns
        return writers

    def _writer(self, field: AnyField, place: slice) -> _Write:
        if isinstance(field, NumberField):
            return lambda row, value: _write_number(row[place], field, value)
        if isinstance(field, BooleanField):
            return lambda row, value: _write_boolean(row[place], field, value)
        if isinstance(field, CategoryField):
            known = {word(category): column for column, category in enumerate(field.categories)}
            return lambda row, value: _write_category(row[place], known, value)
        return lambda row, value: self._write_text(row[place], value)

    def _write_bare(self, row: FloatArray, index: int, instance: Any) -> None:
        if not isinstance(instance, str):
            raise InstanceError(
                f"instances[{index}] is {_shown(instance)}; the model takes texts, as strings"
            )
        self._write_text(row, instance)

    def _write_object(self, row: FloatArray, index: int, instance: Any) -> None:
        if not isinstance(instance, Mapping):
            raise InstanceError(
                f"instances[{index}] is {_shown(instance)}; the model takes objects with the fields "
                f"{_listed([field.name for field in self.fields])}"
            )
        if not instance.keys() <= self._writers.keys():
            instance = self._by_known_names(index, instance)
        for name, (field, write) in self._writers.items():
            value = _present(field, instance.get(name))
            if value is None and field.missing == "refused":
                given = _absent(instance, name)
                raise InstanceError(f"instances[{index}].{name} {given}; {_wanted(field)} is needed")
            try:
                write(row, value)
            except InstanceError as error:
                raise InstanceError(
                    f"instances[{index}].{name} {error}; it must be {_wanted(field)}"
                ) from None

    def _by_known_names(self, index: int, instance: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an instance by the names that the fields have, in whichever form it spells them."""
        named: dict[str, Any] = {}
        for given, value in instance.items():
            name = given if given in self._writers else word(given)
            if name not in self._writers:
                raise InstanceError(
                    f"instances[{index}] has a field {_shown(given)} that the model does not know; it takes "
                    f"{_listed([field.name for field in self.fields])}"
                )
            if name in named:
                raise InstanceError(f"instances[{index}] has the field {_shown(name)} twice")
            named[name] = value
        return named

    def _write_text(self, place: FloatArray, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, str):
            raise InstanceError(f"is {_shown(value)}")
        ids = self.vocabulary.ids(value, len(place))
        place[: len(ids)] = ids


def in_order_of_columns(fields: Sequence[AnyField]) -> list[AnyField]:
    """Return the fields as their columns lie in a row: texts last."""
    return sorted(fields, key=lambda field: isinstance(field, TextField))


def _present(field: AnyField, value: Any) -> Any:
    """Return a value, or None for a word of blanks alone: an empty cell of a table has no value either."""
    if isinstance(value, str) and not isinstance(field, TextField) and not value.strip():
        return None
    return value


def _absent(instance: Mapping[str, Any], name: str) -> str:
    if name not in instance:
        return "is missing"
    return "is null" if instance[name] is None else "is empty"


def _write_number(place: FloatArray, field: NumberField, value: Any) -> None:
    if value is None:
        place[:] = field.fill, 1.0
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InstanceError(f"is {_shown(value)}")
    if not -_FLOAT32_MAX <= value <= _FLOAT32_MAX:
        raise InstanceError(f"is {_shown(value)}, which is not finite or does not fit in float32")
    place[0] = value


def _write_boolean(place: FloatArray, field: BooleanField, value: Any) -> None:
    """Write JSON's true and false, 1 and 0, or the words, as tables have them."""
    if value is None:
        place[:] = field.fill, 1.0
        return
    written = word(value) if isinstance(value, str) else value
    if isinstance(written, str) and written in TRUE | FALSE:
        place[0] = written in TRUE
    elif isinstance(written, bool | int | float) and written in (0, 1):
        place[0] = written
    else:
        raise InstanceError(f"is {_shown(value)}")


def _write_category(place: FloatArray, known: Mapping[str, int], value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise InstanceError(f"is {_shown(value)}")
    place[-1 if value is None else known.get(word(value), -1)] = 1.0


def _wanted(field: AnyField) -> str:
    if isinstance(field, NumberField):
        return "a number"
    if isinstance(field, BooleanField):
        return "true or false"
    return "a string" if isinstance(field, TextField) else f"a string, such as {_listed(field.categories)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(_shown(name) for name in names[:_NAMED_MAX]) + more


def _shown(value: Any) -> str:
    """Say what was given, on one short line that every encoding can carry."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _shown_number(value)
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN_MAX else value[: _SHOWN_MAX - 3] + "...")
    return "an object" if isinstance(value, Mapping) else "a list"


def _shown_number(value: float) -> str:
    if isinstance(value, int) and abs(value) >= 2**64:
        return "an integer beyond 64 bits"  # its digits could fill the whole answer, or be refused
    return str(value)
