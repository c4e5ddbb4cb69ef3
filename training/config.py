"""Everything that decides a training run, checked once and never changed: the same config, the same model.

Each field is an option of the command line too, with its name, its limits and its default; the text below a
field is the help of that option (see `training.cli.options`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

from bundle.normalizer import Method
from bundle.vocabulary import IDS_MAX
from training.precisions import PLAIN_WIDTH, VARIANTS, Variant, in_order

Architecture = Literal["mlp", "cnn", "rnn"]
Cell = Literal["lstm", "gru"]
Kind = Literal["vector", "image", "sequence"]
Loss = Literal["cross_entropy", "mse"]
Missing = Literal["error", "drop", "fill"]
Objective = Literal["bytes", "time"]
Optimizer = Literal["adam", "sgd"]

DEFAULT_HIDDEN: dict[Architecture, tuple[int, ...]] = {"mlp": (64, 64), "cnn": (16, 48), "rnn": (64,)}
DEFAULT_HIDDEN_OF_TEXTS = DEFAULT_HIDDEN | {"cnn": (64,)}  # on the Reuters topics 0.955; (16, 32) gave 0.925
VOCABULARY = 4000  # on the Reuters topics 0.955, and 0.950 with 8,000

Positive = Annotated[int, Field(ge=1)]
Width = Annotated[float, Field(ge=0.01, le=16)]


def _default_sizes() -> str:
    return ", ".join(f"{','.join(map(str, units))} ({model})" for model, units in DEFAULT_HIDDEN.items())


_HIDDEN = "Units of each layer (mlp, rnn), filters of each block (cnn); by default"
_COLUMN: JsonDict = {"metavar": "COLUMN"}  # what stands for a value in the help


class DataConfig(BaseModel):
    """Which data, and how to read it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, title="Data"
    )

    data: Annotated[str, Field(min_length=1)]
    """breast_cancer, digits, wine, iris, mnist1d, fashion_mnist, mnist, or a path: .npy, .npz, .csv or .tsv
    (also as .csv.gz, .bz2, .xz, .zip), .parquet, .xlsx, or a folder with one of images for each class."""
    label: str | None = Field(None, json_schema_extra=_COLUMN)
    """The column to predict, of a table."""
    text: tuple[str, ...] = Field((), json_schema_extra=_COLUMN)
    """A column of a table that is a text."""
    category: tuple[str, ...] = Field((), json_schema_extra=_COLUMN)
    """A column of a table that is a category, though it looks like numbers, or like texts."""
    numeric: tuple[str, ...] = Field((), json_schema_extra=_COLUMN)
    """A column of a table that is a number, though written with separators of thousands, a currency, a
    percent sign, leading zeros or in hexadecimal."""
    ignore: tuple[str, ...] = Field((), json_schema_extra=_COLUMN)
    """A column of a table, or an array of an .npz, to leave out; 'column 1' where it has no name."""
    split: str | None = Field(None, json_schema_extra=_COLUMN)
    """The column of a table that says 'test' in the rows kept for the test."""
    group: str | None = Field(None, json_schema_extra=_COLUMN)
    """The column of a table that says which rows belong together, as those of one patient: they are all in
    the same part of the split."""
    time: str | None = Field(None, json_schema_extra=_COLUMN)
    """The column of a table that says when a row was: the latest rows are the test."""
    sep: str | None = Field(None, json_schema_extra={"metavar": "CHARACTER"})
    """What separates the columns of a .csv or .tsv, one character or tab; by default a comma, in a .tsv a
    tab."""
    decimal: Literal[".", ","] = "."
    """What separates the decimals in the numbers of a .csv or .tsv."""
    encoding: str = Field("utf-8", json_schema_extra={"metavar": "NAME"})
    """The encoding of a .csv or .tsv, as latin-1 or utf-16."""
    data_dir: Path | None = None
    """Where the files of fashion_mnist or mnist already are; without it, Keras downloads them."""
    image_size: str | None = Field(None, json_schema_extra={"metavar": "HEIGHTxWIDTH"})
    """What the images of a folder are resized to, as in 96x96; without it, all must have one size."""
    kind: Kind | None = None
    """What a row is, where its number of dimensions does not tell."""
    missing: Missing = "error"
    """Missing values: refuse them, drop their rows, or have the model fill them in (tables)."""

    @field_validator("sep")
    @classmethod
    def _one_character(cls, sep: str | None) -> str | None:
        if sep is None:
            return None
        sep = {"tab": "\t", "\\t": "\t"}.get(sep, sep)
        if len(sep) != 1 or not sep.isascii() or sep.isalnum() or sep in '"\r\n\0':
            raise ValueError("it must be one character that is no letter, digit or quote, or tab")
        return sep

    @field_validator("image_size")
    @classmethod
    def _two_sides(cls, size: str | None) -> str | None:
        if size is not None and not re.fullmatch(r"[1-9][0-9]{0,3}x[1-9][0-9]{0,3}", size):
            raise ValueError("it must be a height and a width of 1 to 9999 pixels, as in 96x96")
        return size

    @property
    def image_sides(self) -> tuple[int, int] | None:
        """Height and width that images are resized to, if any."""
        if self.image_size is None:
            return None
        height, width = map(int, self.image_size.split("x"))
        return height, width

    @field_validator("encoding")
    @classmethod
    def _of_text(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except (LookupError, ValueError) as error:
            raise ValueError("there is no such encoding of text; there are utf-8, latin-1, utf-16") from error
        return encoding


class ModelConfig(DataConfig):
    """Which model of it."""

    model_config = ConfigDict(title="Model")

    model: Architecture = "mlp"
    """The architecture."""
    name: str | None = None
    """The model's name in the store; by default the data set's."""
    hidden: Annotated[
        tuple[Positive, ...],
        Field(max_length=16, examples=["64,64"], description=f"{_HIDDEN} {_default_sizes()}."),
    ] = ()
    cell: Cell = "lstm"
    """The cell of an rnn."""
    tokens: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Words of a text that are read; by default what 95% of the training texts have, at most 256."""
    vocabulary: Annotated[int, Field(ge=3, le=IDS_MAX)] = VOCABULARY
    """Words that a model of texts knows, at most: the commonest, one for padding, and one for all others."""
    embedding: Annotated[int, Field(ge=1, le=1024)] = 32
    """Numbers that a word becomes."""
    normalize: Method = "standardize"
    """How features are put on one scale."""

    @model_validator(mode="after")
    def _resolve_hidden(self) -> Self:
        if not self.hidden:
            defaults = DEFAULT_HIDDEN_OF_TEXTS if self.text else DEFAULT_HIDDEN
            object.__setattr__(self, "hidden", defaults[self.model])
        return self


class MixedConfig(BaseModel):
    """Whether operations of one graph get precisions of their own, and to which end."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        title="Mixed precision",
    )

    max_accuracy_drop: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Accuracy that a further variant, mixed, may lose against float32, as a share: 0.005 is half a point.
    Each operation of its graph gets as few bits as that allows, by validation rows; where these cannot show
    it, mixed is the nearest, and the exit code 1."""
    objective: Objective | None = None
    """What mixed is to have least of; by default bytes. Time is that of this machine."""


class TrainConfig(MixedConfig, ModelConfig):
    """A whole training run.

    Example:
        TrainConfig(data="digits", model="cnn", epochs=20)
    """

    model_config = ConfigDict(title="Training")

    optimizer: Optimizer = "adam"
    """The optimiser."""
    loss: Loss = "cross_entropy"
    """What is minimised."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    """Step size of the optimiser."""
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 10
    """At most so many passes over the training rows."""
    batch_size: Positive = 32
    """Rows in one step of the optimiser."""
    patience: Positive = 5
    """Epochs without a lower validation loss before training stops."""
    fine_tune_epochs: Annotated[int, Field(ge=0, le=10)] = 2
    """At most so many passes more in which a copy of the model learns to have weights of 4 bits, for
    weight_int4 alone; of use where validation rows say so."""
    class_weights: bool | None = None
    """Weigh rows by the rarity of their class; by default where the largest class has over 1.5 times the rows
    of the smallest."""
    test_size: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of rows kept for the test; a published test split is kept instead."""
    validation_size: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the other rows that early stopping watches."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """The same seed gives the same model, and the same search."""
    split_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    """The seed of the split alone, so that several seeds meet the same test rows; by default that of
    --seed."""
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)] = VARIANTS
    """The precisions to export; float32 is always one: the others are compared with it."""
    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16, examples=["0.25,0.5,1,2"])] = (
        PLAIN_WIDTH,
    )
    """The same architecture narrower and wider, as in 0.25,0.5,1,2, each with every variant; 1 is always
    one."""

    @field_validator("widths")
    @classmethod
    def _narrowest_first(cls, widths: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted({PLAIN_WIDTH, *(round(width, 4) for width in widths)}))

    @field_validator("variants")
    @classmethod
    def _in_order(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        return in_order(variants)
