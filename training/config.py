"""Everything that decides a training run, checked once and never changed: the same config, the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bundle.manifest import REFERENCE
from bundle.normalizer import Method
from bundle.vocabulary import IDS_MAX
from training.data.records import VOCABULARY
from training.rung import PLAIN_WIDTH

Architecture = Literal["mlp", "cnn", "rnn"]
Cell = Literal["lstm", "gru"]
Kind = Literal["vector", "image", "sequence"]
Loss = Literal["cross_entropy", "mse"]
Missing = Literal["error", "drop", "fill"]
Optimizer = Literal["adam", "sgd"]
Variant = Literal[
    "float32", "float16", "weight_int8", "dynamic_int8", "int8", "weight_int4", "int16x8", "tensorflow"
]

VARIANTS: tuple[Variant, ...] = get_args(Variant)

DEFAULT_HIDDEN: dict[Architecture, tuple[int, ...]] = {"mlp": (64, 64), "cnn": (16, 48), "rnn": (64,)}
DEFAULT_HIDDEN_OF_TEXTS = DEFAULT_HIDDEN | {"cnn": (64,)}  # on the Reuters topics 0.955; (16, 32) gave 0.925

Positive = Annotated[int, Field(ge=1)]
Width = Annotated[float, Field(ge=0.01, le=16)]


class DataConfig(BaseModel):
    """Which data, and how to read it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    data: Annotated[str, Field(min_length=1)]
    """A built-in data set's name, or the path of a `.npy`, `.npz` or `.csv` file."""
    label: str | None = None
    """The label's column, of a `.csv`."""
    text: tuple[str, ...] = ()
    """Columns of a `.csv` that are texts."""
    category: tuple[str, ...] = ()
    """Columns of a `.csv` that are categories, though they look like numbers, or like texts."""
    split: str | None = None
    """The column of a `.csv` that says `test` in the rows of the published test split."""
    data_dir: Path | None = None
    """Where the files of `fashion_mnist` or `mnist` already are; without it, Keras downloads them."""
    kind: Kind | None = None
    """What a row is; without it, the number of dimensions says so."""
    missing: Missing = "error"
    """What to do about rows with missing values. The model can be made to fill them in, of a `.csv`."""


class TrainConfig(DataConfig):
    """A whole training run.

    Example:
        TrainConfig(data="digits", model="cnn", epochs=20)
    """

    model: Architecture = "mlp"
    name: str | None = None
    """The model's name in the store; without it, the data set's."""
    hidden: Annotated[tuple[Positive, ...], Field(max_length=16)] = ()
    """Units of each dense layer (mlp), filters of each block (cnn), units of each recurrent layer (rnn).
    Empty means the architecture's default."""
    cell: Cell = "lstm"
    """The recurrent cell of an rnn."""
    tokens: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Words of a text that are read; None means what 95% of the training texts have, at most 256."""
    vocabulary: Annotated[int, Field(ge=3, le=IDS_MAX)] = VOCABULARY
    """Token ids at most: those of the commonest words, one for padding, and one for all other words."""
    embedding: Annotated[int, Field(ge=1, le=1024)] = 32
    """Numbers that a word becomes."""
    normalize: Method = "standardize"
    optimizer: Optimizer = "adam"
    loss: Loss = "cross_entropy"
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 10
    batch_size: Positive = 32
    patience: Positive = 5
    """Epochs without a lower validation loss after which training stops."""
    class_weights: bool | None = None
    """Weigh rows by the rarity of their class; None means: where the classes are unbalanced."""
    test_size: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of all rows kept for the test; data with a published test split keeps that one instead."""
    validation_size: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the other rows that early stopping watches."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    split_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    """The seed of the split alone, so that several seeds meet the same test rows; without it, `seed`."""
    variants: Annotated[tuple[Variant, ...], Field(min_length=1)] = VARIANTS
    """The precisions to export, in the ladder's order; float32 is always one, as the reference."""

    widths: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = (PLAIN_WIDTH,)
    """Every hidden layer so many times as large; each width has every variant. 1 is always one."""

    @field_validator("widths")
    @classmethod
    def _narrowest_first(cls, widths: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted({PLAIN_WIDTH, *(round(width, 4) for width in widths)}))

    @field_validator("variants")
    @classmethod
    def _in_order(cls, variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
        return tuple(name for name in VARIANTS if name in variants or name == REFERENCE)

    @model_validator(mode="after")
    def _resolve_hidden(self) -> Self:
        if not self.hidden:
            defaults = DEFAULT_HIDDEN_OF_TEXTS if self.text else DEFAULT_HIDDEN
            object.__setattr__(self, "hidden", defaults[self.model])
        return self
