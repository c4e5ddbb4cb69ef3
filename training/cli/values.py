"""How the value of a config's field is typed on a command line: asked of the field's JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from training.errors import OptionError

Schema = Mapping[str, Any]

_TYPES: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
_IN_WORDS = {"integer": "whole numbers", "number": "numbers"}


@dataclass(frozen=True)
class Value:
    """What a field takes: one item, or several. Several texts are given one by one, all else by commas."""

    field: Schema
    of_all: Schema
    """The schema of the whole value, where it is not None."""

    @classmethod
    def of(cls, field: Schema) -> Value:
        (of_all,) = (one for one in field.get("anyOf", [field]) if one["type"] != "null")
        return cls(field, of_all)

    @property
    def item(self) -> Schema:
        item: Schema = self.of_all.get("items", self.of_all)
        return item

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.item.get("enum", ()))

    @property
    def repeated(self) -> bool:
        """Whether the option is given anew for each item: a text may hold a comma itself."""
        return "items" in self.of_all and self.item["type"] == "string" and not self.choices

    @property
    def listed(self) -> bool:
        """Whether the items are joined by commas."""
        return "items" in self.of_all and not self.repeated

    @property
    def switch(self) -> bool:
        return bool(self.item["type"] == "boolean")

    @property
    def annotation(self) -> Any:
        """The type that typer reads the value as."""
        if self.listed:
            return str
        if self.repeated:
            return list[str]
        if self.choices:
            return Literal[self.choices]
        return Path if self.item.get("format") == "path" else _TYPES[self.item["type"]]

    @property
    def metavar(self) -> str | None:
        """What stands for the value in the help; None where its type does."""
        if self.listed:
            return "NAME,NAME,..." if self.choices else "N,N,..."
        name: str | None = self.field.get("metavar")
        return name

    def typed(self, value: Any) -> Any:
        """Return a value as one would type it; None where there is nothing to type."""
        if "items" not in self.of_all:
            return value
        return ",".join(str(one) if self.choices else f"{one:g}" for one in value) or None

    def limits(self) -> str:
        """Say within which bounds an item is, and how many items there may be."""
        bounds = "".join(_bounds(self.item))
        if not self.listed:
            return bounds
        each = f"each {bounds}" if bounds else ""
        most = f"at most {self.of_all['maxItems']} of them" if "maxItems" in self.of_all else ""
        return ", ".join(part for part in (each, most) if part)

    def read(self, flag: str, given: Any) -> Any:
        """Return what the user gave as the field takes it. Raises OptionError where a list is none."""
        if self.repeated:
            return tuple(given)
        if not self.listed:
            return given
        parts = [part.strip() for part in given.split(",")]
        if self.choices:
            unknown = next((part for part in parts if part not in self.choices), None)
            if unknown is not None:
                raise OptionError(
                    f"{flag} was given {unknown!r}; there are {', '.join(self.choices)}, to be joined by "
                    "commas"
                )
            return tuple(parts)
        try:
            return tuple(_TYPES[self.item["type"]](part) for part in parts)
        except ValueError as error:
            raise OptionError(
                f"{flag} was given {given!r}; it takes {_IN_WORDS[self.item['type']]}, as in "
                f"{self.field['examples'][0]}"
            ) from error


def _bounds(item: Schema) -> Iterator[str]:
    """Say the bounds of a number: `1 to 4,096`, `above 0, at most 10`."""
    low, high = item.get("minimum"), item.get("maximum")
    if low is not None and high is not None:
        yield f"{low:,} to {high:,}"
        return
    if low is not None:
        yield f"at least {low:,}"
    if "exclusiveMinimum" in item:
        yield f"above {item['exclusiveMinimum']:,}"
    if high is not None or "exclusiveMaximum" in item:
        if low is not None or "exclusiveMinimum" in item:
            yield ", "
        yield f"at most {high:,}" if high is not None else f"below {item['exclusiveMaximum']:,}"
