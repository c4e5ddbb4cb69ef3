"""Variants that nobody trained, for what depends on nothing but what a model takes and answers."""

from __future__ import annotations

from bundle.encoder import Encoder
from bundle.fields import BooleanField, CategoryField, NumberField, TextField
from bundle.manifest import InputSpec
from bundle.vocabulary import Vocabulary
from service.wire.signature import Signature

WORDS = Vocabulary(("oil", "grain"))


def of_numbers(
    *shape: int,
    kind: str = "vector",
    padded: bool = False,
    labels: tuple[int, ...] | tuple[str, ...] = (0, 1),
) -> Signature:
    """Return a variant that takes rows of numbers in this shape."""
    spec = InputSpec.model_validate({"kind": kind, "shape": shape, "padded": padded})
    return Signature("digits", 1, "int8", spec, None, labels)


def of_texts() -> Signature:
    """Return a variant that takes texts, and has an id for two of their words."""
    field = TextField(name="code", tokens=3)
    spec = InputSpec(kind="text", shape=(3,), fields=(field,), vocabulary=4, tokenizer=2)
    return Signature("codes", 1, "int8", spec, Encoder((field,), WORDS, bare=True), ("even", "odd"))


def of_a_table() -> Signature:
    """Return a variant that takes objects of four fields, of which `age` and `owns` may be missing."""
    fields = (
        NumberField(name="age", missing="filled", fill=41.0),
        NumberField(name="income"),
        BooleanField(name="owns", missing="filled", fill=True),
        CategoryField(name="job", categories=("nurse", "driver")),
        TextField(name="note", tokens=2),
    )
    columns = sum(field.columns for field in fields)
    spec = InputSpec(kind="table", shape=(columns,), fields=fields, vocabulary=4, tokenizer=2)
    return Signature("loans", 1, "int8", spec, Encoder(fields, WORDS), ("granted", "refused"))


def of_one_field() -> Signature:
    """Return a variant that takes objects of one number."""
    fields = (NumberField(name="age"),)
    spec = InputSpec(kind="table", shape=(1,), fields=fields)
    return Signature("ages", 1, "int8", spec, Encoder(fields, Vocabulary(())), ("young", "old"))
