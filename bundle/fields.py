"""What the fields of an instance are, for models that take texts or objects instead of vectors."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

Missing = Literal["refused", "filled"]

TRUE = frozenset({"True", "TRUE", "true"})
FALSE = frozenset({"False", "FALSE", "false"})


def word(text: str) -> str:
    """Return a text in the form in which words are compared: no blanks around it, accents composed (NFC)."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class _Field(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: StrictStr
    missing: Missing = "refused"
    """What an absent field, or a null, is: a mistake, or a value to be filled in, each kind in its way."""


class NumberField(_Field):
    """A number, held as float32. Where it may be missing, a second column says whether it was: 1 or 0."""

    kind: Literal["number"] = "number"
    fill: float = 0.0
    """The number that stands in for a missing one: the median of the training rows."""

    @property
    def columns(self) -> int:
        return 1 if self.missing == "refused" else 2


class CategoryField(_Field):
    """One word out of a few, as `word` writes it, held as one column of 0 or 1 a word.

    The last column is for every word that the training rows did not have, and for a missing one.
    """

    kind: Literal["category"] = "category"
    categories: Annotated[tuple[StrictStr, ...], Field(min_length=1)]

    @property
    def columns(self) -> int:
        return len(self.categories) + 1


class BooleanField(_Field):
    """True or false, held as 1 or 0. Where it may be missing, a second column says whether it was: 1 or 0."""

    kind: Literal["boolean"] = "boolean"
    fill: bool = False
    """What stands in for a missing one: the commoner of the two in the training rows."""

    @property
    def columns(self) -> int:
        return 1 if self.missing == "refused" else 2


class TextField(_Field):
    """A text, held as the ids of its first `tokens` words; 0 fills up a shorter or a missing one.

    A word that is not in the vocabulary has id 1.
    """

    kind: Literal["text"] = "text"
    tokens: Annotated[int, Field(ge=1)]

    @property
    def columns(self) -> int:
        return self.tokens


AnyField = Annotated[NumberField | BooleanField | CategoryField | TextField, Field(discriminator="kind")]
