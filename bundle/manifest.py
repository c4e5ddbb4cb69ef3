"""The description of a bundle, as `manifest.json` holds it: strict, so that nothing unknown gets through."""

from __future__ import annotations

from math import prod
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictInt,
    StrictStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from bundle.encoder import Encoder
from bundle.fields import AnyField, TextField
from bundle.normalizer import FloatArray, Normalizer, Preparation
from bundle.vocabulary import FIRST_WORD, IDS_MAX, Rules, Vocabulary

SCHEMA_VERSION = 1
FILE_NAME = "manifest.json"
REFERENCE = "float32"  # the variant that the others are compared with, unless a manifest names another
CASCADE = "cascade"  # two variants that answer as one
AUTO = "auto"  # whichever variant the service chooses
RESERVED = (AUTO, CASCADE)  # which no variant may be named
RANK_MAX = 8  # of a tensor; graphs know no more
VERSION_MAX = 2**63 - 1  # time stamps are versions, too

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


def is_version(name: str) -> bool:
    """Tell whether a folder of this name is a version: 1 to VERSION_MAX, written in one way only."""
    return name.isascii() and name.isdecimal() and str(int(name)) == name and 0 < int(name) <= VERSION_MAX


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


_RANKS = {
    "vector": {1},
    "image": {2, 3},
    "sequence": {2},
    "text": {1},
    "table": {1},
    "tensor": range(1, RANK_MAX + 1),
}


class InputSpec(_Strict):
    """What one row is. Rows travel flattened: `prod(shape)` float32 numbers, row-major.

    Of a `text` and a `table`, instances travel, strings or objects; `bundle.encoder` makes rows of them.
    """

    kind: Literal["vector", "image", "sequence", "text", "table", "tensor"]
    shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=RANK_MAX)]
    """(features,), (height, width[, channels]) or (steps, coefficients). A `tensor` has any; it alone reaches
    the graph in its shape, all others flat."""
    feature_names: tuple[str, ...] | None = None
    padded: bool = False
    """A sequence may be shorter than its shape, by whole steps; steps of zeros at its end fill it up."""
    fields: tuple[AnyField, ...] | None = None
    """Of a text, its one text field; of a table, every field."""
    vocabulary: Annotated[int, Field(ge=0, le=IDS_MAX)] = 0
    """How many token ids there are, where there are texts."""
    tokenizer: Rules = 1
    """By which rules `bundle.vocabulary` cuts a text into words."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.shape) not in _RANKS[self.kind]:
            raise ValueError(f"shape {self.shape} is not that of a {self.kind}")
        if self.padded and self.kind != "sequence":
            raise ValueError(f"a {self.kind} cannot be padded")
        if (self.fields is not None) != (self.kind in ("text", "table")):
            raise ValueError(f"a {self.kind} {'needs' if self.fields is None else 'has no'} fields")
        self._check_fields(self.fields or ())
        if self.feature_names is not None and len(self.feature_names) != self.features:
            raise ValueError(f"{len(self.feature_names)} feature names for {self.features} features")
        return self

    def _check_fields(self, fields: tuple[AnyField, ...]) -> None:
        texts = [field for field in fields if isinstance(field, TextField)]
        if len({field.name for field in fields}) != len(fields):
            raise ValueError("field names repeat")
        if self.kind == "text" and not len(texts) == len(fields) == 1:
            raise ValueError("a text has one field, of kind text")
        if fields and sum(field.columns for field in fields) != self.features:
            raise ValueError(f"the columns of the fields are not {self.features}")
        if bool(texts) != (self.vocabulary >= FIRST_WORD):
            raise ValueError(f"{len(texts)} text fields and {self.vocabulary} token ids")

    @property
    def features(self) -> int:
        return prod(self.shape)

    @property
    def graph_shape(self) -> tuple[int, ...] | None:
        """The shape of a row as the graph takes it; None where that is flat."""
        return self.shape if self.kind == "tensor" else None

    @property
    def texts(self) -> tuple[int, ...]:
        """How many token ids each text has; a row ends with them."""
        return tuple(field.tokens for field in self.fields or () if isinstance(field, TextField))

    @property
    def tokens(self) -> int:
        """How many columns at the end of a row are token ids, which no graph may take for quantities."""
        return sum(self.texts)

    @property
    def channels(self) -> int:
        """How many kinds of number a row holds; each has its own normalisation."""
        if self.kind == "image":
            return self.shape[2] if len(self.shape) == 3 else 1
        if self.kind == "text":
            return 1
        return self.shape[-1]


class NormalizerSpec(_Strict):
    """The numbers of a `Normalizer`, one pair a channel."""

    method: Preparation
    offset: tuple[float, ...]
    scale: tuple[float, ...]

    def build(self, features: int) -> Normalizer:
        with np.errstate(over="ignore"):  # what does not fit is infinite, which the normaliser refuses
            offset, scale = np.array(self.offset, np.float32), np.array(self.scale, np.float32)
        return Normalizer(self.method, features, offset, scale)

    @classmethod
    def of(cls, normalizer: Normalizer) -> Self:
        return cls(
            method=normalizer.method,
            offset=tuple(normalizer.offset.tolist()),
            scale=tuple(normalizer.scale.tolist()),
        )


class CalibrationSpec(_Strict):
    """What the calibrated variants were shown: the ranges of the raw training rows, a pair a channel.

    Beyond them nobody knows what an integer graph has room for.
    """

    rows: Annotated[int, Field(ge=1)]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, rows: FloatArray, channels: int) -> Self:
        """Describe raw `rows`, shape (n, features)."""
        values = rows.reshape(-1, channels)
        low, high = values.min(axis=0), values.max(axis=0)
        return cls(rows=len(rows), low=tuple(low.tolist()), high=tuple(high.tolist()))


class FileSpec(_Strict):
    """One file of the bundle: its path inside the folder, and what it must contain."""

    path: str
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: Count

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or "\0" in path or ":" in path:
            raise ValueError(f"{path!r} is not a path inside the bundle")
        return path


class Scores(_Strict):
    """How a variant did on the held-out test rows, through the runtime that serves it."""

    rows: Annotated[int, Field(ge=1)]
    accuracy: Share
    accuracy_low: Share
    """Lower end of the 95% interval (Wilson 1927)."""
    accuracy_high: Share
    precision: Share
    """Macro average over the classes, as are recall and F1."""
    recall: Share
    f1: Share
    log_loss: Annotated[float, Field(ge=0)]
    agreement: Share
    """Share of test rows to which this variant gives the same label as the reference."""


class GraphSpec(_Strict):
    """How a graph wants to be asked, and what it answers."""

    batch: Literal["any", "one"] = "any"
    """`one` where it takes a single row a call, and was tried with more in vain."""
    answers: Literal["probabilities", "logits"] = "probabilities"


class VariantSpec(_Strict):
    """One precision of a network at one width. The first of its files is the one that its runtime opens."""

    name: Name
    precision: Name | None = None
    """The kind of its numbers, as in `int8`; without it, the name says so."""
    width: Annotated[float, Field(gt=0)] = 1.0
    """The sizes of its hidden layers, as a ratio to those of the model as it was asked for."""
    network: Name | None = None
    """Which network it is of where the bundle holds several; None of the one that the bundle is named by."""
    recipe: dict[str, JsonValue] | None = None
    """Of one whose operations differ in precision: how each was made."""
    graph: GraphSpec = GraphSpec()
    format: Literal["tflite", "saved_model"]
    files: Annotated[tuple[FileSpec, ...], Field(min_length=1)]
    scores: Scores

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class CascadeSpec(_Strict):
    """Two variants that answer as one: rows on which the first is not sure go on to the second.

    Chosen on the validation rows, and certified on the test rows.
    """

    first: Name
    second: Name
    threshold: Share
    """The first one's answer stands where its largest probability is at least this."""
    escalated: Share
    """The share of validation rows that go on."""
    escalated_low: Share
    escalated_high: Share
    """Ends of the band in which that share stays while the data are as they were."""
    margin: Share
    """How much less accurate than the reference it may be."""
    judgement: Literal["no worse", "worse", "not enough rows to tell"]
    """Of its accuracy on the test rows against the reference's, at that margin."""
    difference: float
    """Its accuracy on the test rows less the reference's."""
    difference_low: float
    difference_high: float
    """Ends of the 95% interval of the difference (Tango 1998)."""
    scores: Scores


class Provenance(_Strict):
    """Where the model came from, so that it can be made again."""

    created: str
    data: str
    data_sha256: str
    train_rows: Count
    validation_rows: Count
    test_rows: Count
    hyperparameters: dict[str, JsonValue]
    libraries: dict[str, str]


def _is_in_float32(value: JsonValue) -> bool:
    most = float(np.finfo(np.float32).max)
    return isinstance(value, int | float) and not isinstance(value, bool) and -most <= value <= most


class Manifest(_Strict):
    """A whole bundle. Its name and version are its place: `NAME/VERSION/`."""

    schema_version: Literal[1] = 1
    task: Literal["binary", "multiclass"]
    input: InputSpec
    labels: Annotated[tuple[StrictInt, ...] | tuple[StrictStr, ...], Field(min_length=2)]
    """The label of each probability column, in the type that the training data had."""
    normalizer: NormalizerSpec
    calibration: CalibrationSpec | None = None
    """None where no variant was calibrated, or it is not known with what."""
    reference: Name = REFERENCE
    """The variant that the others are compared with."""
    truth: Literal["labels", "reference"] = "labels"
    """Where the labels of validation and test rows come from. `reference` where the data had none: they are
    what the reference answers, and accuracy is agreement with it."""
    default_variant: Name = REFERENCE
    variants: Annotated[tuple[VariantSpec, ...], Field(min_length=1)]
    cascade: CascadeSpec | None = None
    """None where no two variants answer cheaper together than one alone, or nobody looked for any."""
    left_out: dict[Name, str] = {}
    """Why each variant that was asked for, and is not one of those, could not be made."""
    example: JsonValue = None
    """An instance as clients send it, made up of what is common among the rows that the model was made with,
    and none of them. None where an older release made the bundle."""
    test_set: FileSpec
    golden: FileSpec
    vocabulary: FileSpec | None = None
    """The words of the texts, a JSON list; word `i` has id `i + 2`."""
    test_instances: FileSpec | None = None
    """The held-out rows as clients send them, a JSON list, where they are texts or objects."""
    training_rows: FileSpec | None = None
    """A number of 64 bits for each different row that the model was fitted on, sorted, an .npy: so that rows
    to test it with can be told from those. None where an older release made the bundle."""
    predictions: FileSpec | None = None
    """The class that each variant, and the cascade, predicted for each validation row and each test row, and
    the classes of the validation rows, an .npz of whole numbers. None where an older release made the bundle.
    """
    provenance: Provenance

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._check_names()
        if len(set(self.labels)) != len(self.labels):
            raise ValueError("labels repeat")
        if (self.task == "binary") != (len(self.labels) == 2):
            raise ValueError(f"a {self.task} task cannot have {len(self.labels)} labels")
        if (self.vocabulary is not None) != (self.input.tokens > 0):
            raise ValueError("a vocabulary belongs to texts, and to them alone")
        if (self.test_instances is not None) != (self.input.fields is not None):
            raise ValueError("test instances belong to texts and tables, and to them alone")
        self._check_example()
        self.normalizer.build(self.input.features)
        if self.calibration is not None:
            ranges = len(self.calibration.low), len(self.calibration.high)
            if ranges != (len(self.normalizer.offset),) * 2:
                raise ValueError(f"{ranges} calibrated ranges for {len(self.normalizer.offset)} channels")
        return self

    def _check_names(self) -> None:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise ValueError(f"variant names repeat: {', '.join(names)}")
        if taken := [name for name in names if name in RESERVED]:
            raise ValueError(f"no variant may be named {taken[0]!r}")
        roles = [("default variant", self.default_variant), ("reference", self.reference)]
        if self.cascade is not None:
            roles += [("first of the cascade", self.cascade.first), ("second", self.cascade.second)]
        for role, name in roles:
            if name not in names:
                raise ValueError(f"{role} {name!r} is not one of {', '.join(names)}")

    def _check_example(self) -> None:
        spec, given = self.input, self.example
        if given is None:
            return
        if spec.fields is not None:
            Encoder(spec.fields, Vocabulary(()), bare=spec.kind == "text").encode([given])
            return
        row = given if isinstance(given, list) else []
        if len(row) != spec.features or not all(map(_is_in_float32, row)):
            raise ValueError(f"the example is no row of {spec.features} numbers")

    @property
    def classes(self) -> int:
        return len(self.labels)

    @property
    def files(self) -> tuple[FileSpec, ...]:
        """Every file that belongs to the bundle, besides the manifest."""
        return (*self.held_out_files, *self.serving_files)

    @property
    def held_out_files(self) -> tuple[FileSpec, ...]:
        """The files of the rows of the data, which answering does not take."""
        optional = (self.test_instances, self.training_rows, self.predictions)
        return (self.test_set, *(file for file in optional if file is not None))

    @property
    def serving_files(self) -> tuple[FileSpec, ...]:
        """The files that answering takes: all but the rows of the data."""
        of_variants = (file for variant in self.variants for file in variant.files)
        return (self.golden, *([self.vocabulary] if self.vocabulary else []), *of_variants)

    def variant(self, name: str) -> VariantSpec | None:
        return next((variant for variant in self.variants if variant.name == name), None)

    def scores(self, name: str) -> Scores | None:
        """Return how a variant, or the cascade, did on the test rows; None where there is no such."""
        if name == CASCADE:
            return None if self.cascade is None else self.cascade.scores
        return next((variant.scores for variant in self.variants if variant.name == name), None)
