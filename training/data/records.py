"""Instances as clients send them, texts or objects, and how their encoder is fitted on training rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bundle.encoder import Encoder, InstanceError
from bundle.fields import AnyField, BooleanField, CategoryField, Missing, NumberField, TextField
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray
from bundle.vocabulary import IDS_MAX, Vocabulary, words
from training.data.rows import Column, Instance, IntArray, Rows, Words
from training.errors import FeaturesError

FieldKind = Literal["number", "boolean", "category", "text"]
CATEGORIES_MAX = 100  # columns that one field may take

# Where nobody says how many words of a text are read: as many as 95% of the training texts have, and no more
# than this. On the Reuters topics, 256 and 4,000 words known gave 0.955 and 37 microseconds a row.
TOKENS_MAX = 256


@dataclass(frozen=True)
class Records:
    """The rows of a table, each with every field, None where a value is missing."""

    kinds: Mapping[str, FieldKind]
    """The fields in the order of the file."""
    instances: Sequence[Instance]
    missing: Missing = "refused"

    @property
    def bare(self) -> bool:
        """Whether an instance is a text by itself, and not an object."""
        return tuple(self.kinds.values()) == ("text",)

    @property
    def sha256(self) -> str:
        """Digest of fields and rows."""
        digest = hashlib.sha256(b"[" + _json(dict(self.kinds)))
        for place, instance in enumerate(self.instances):
            digest.update((b"," if place else b",[") + _json(instance))
        digest.update(b"]]")
        return digest.hexdigest()

    def take(self, rows: IntArray) -> Sequence[Instance]:
        """Return the instances of these row numbers, (m,)."""
        if isinstance(self.instances, Rows):
            return self.instances.take(rows)
        return [self.instances[row] for row in rows.tolist()]

    def column(self, field: str) -> Column:
        """Return the value of a field in each row, (n,), None where it is missing."""
        if isinstance(self.instances, Rows):
            return self.instances.columns[field]
        values = (one[field] if isinstance(one, dict) else one for one in self.instances)
        return Words.of(values, len(self.instances))

    def holes(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Return which rows, (n,), miss a field that nobody is to fill in, for each that some row misses."""
        if self.missing == "filled":
            return {}
        missing = {name: self.column(name).missing for name in self.kinds}
        return {name: rows for name, rows in missing.items() if rows.any()}


@dataclass(frozen=True)
class Fitted:
    """How rows are encoded, and what the model then takes."""

    input: InputSpec
    encoder: Encoder


def fit_encoder(
    name: str, records: Records, training: IntArray, *, tokens: int | None, vocabulary: int
) -> Fitted:
    """Fit an encoder on the rows `training`, (m,).

    `tokens` words of a text are read; None means as many as TOKENS_MAX says. At most `vocabulary` token ids
    are given out. Raises FeaturesError, naming `name`, where a field has nothing to learn from.
    """
    encoder = _fitted(name, records, training, tokens, vocabulary)
    fields = encoder.fields
    spec = InputSpec(
        kind="text" if records.bare else "table",
        shape=(encoder.features,),
        fields=fields,
        vocabulary=encoder.vocabulary.size if any(isinstance(field, TextField) for field in fields) else 0,
        tokenizer=encoder.vocabulary.rules,
    )
    return Fitted(spec, encoder)


def _fitted(name: str, records: Records, training: IntArray, tokens: int | None, vocabulary: int) -> Encoder:
    seen = replace(records, instances=records.take(training))
    columns = {field: seen.column(field) for field in records.kinds}
    fields = tuple(
        _fit_field(name, field, kind, columns[field], records.missing, tokens)
        for field, kind in records.kinds.items()
    )
    known = _fit_vocabulary(name, fields, columns, min(vocabulary, IDS_MAX))
    return Encoder(fields, known, bare=records.bare)


def encode(name: str, encoder: Encoder, instances: Sequence[Any]) -> FloatArray:
    """Encode instances of the data set `name`. Raises FeaturesError where the encoder does not take one."""
    try:
        return encoder.encode(instances)
    except InstanceError as error:
        raise FeaturesError(f"{name}: {error}") from error


def _fit_field(
    name: str, field: str, kind: FieldKind, column: Column, missing: Missing, tokens: int | None
) -> AnyField:
    present = column.values[~column.missing]
    if not len(present):
        raise FeaturesError(
            f"{name} has no value in column {field!r} in the training rows; leave it out with "
            f"--ignore {quote(field)}"
        )
    if kind == "number":
        fill = float(np.float32(np.median(present.astype(np.float64)))) if missing == "filled" else 0.0
        return NumberField(name=field, missing=missing, fill=fill)
    if kind == "boolean":
        return BooleanField(name=field, missing=missing, fill=bool(2 * present.sum() > len(present)))
    if kind == "category":
        categories = tuple(sorted(set(present)))
        if len(categories) > CATEGORIES_MAX:
            raise FeaturesError(
                f"{name} has {len(categories)} different words in column {field!r}; at most {CATEGORIES_MAX} "
                f"can be categories: give --text {quote(field)} if it is a text, --numeric {quote(field)} if "
                f"they are numbers, or leave it out with --ignore {quote(field)}"
            )
        return CategoryField(name=field, missing=missing, categories=categories)
    return TextField(name=field, missing=missing, tokens=tokens or _usual_length(present.tolist()))


def _usual_length(texts: Sequence[str]) -> int:
    lengths = [len(words(text, TOKENS_MAX)) for text in texts]
    return max(1, int(np.percentile(lengths, 95)))


def _fit_vocabulary(
    name: str, fields: Sequence[AnyField], columns: Mapping[str, Column], most: int
) -> Vocabulary:
    texts = [field for field in fields if isinstance(field, TextField)]
    if not texts:
        return Vocabulary(())
    held = (str(value) for field in texts for value in columns[field.name] if value is not None)
    known = Vocabulary.fit(held, most=most, tokens=max(field.tokens for field in texts))
    if not known.words:
        named = ", ".join(repr(field.name) for field in texts)
        raise FeaturesError(
            f"{name} has no word in {named} that two training rows share: nothing can be learnt"
        )
    return known


def looks_like_text(values: Sequence[str]) -> bool:
    """Tell whether words are too many and too different to be categories that nobody had to announce."""
    counts = Counter(values)
    return len(counts) > CATEGORIES_MAX or 2 * len(counts) > len(values)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("utf-8", "surrogatepass")
