"""Everything that decides an import, checked once: which models, what is known of them, and the data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

from bundle.manifest import InputSpec
from bundle.normalizer import Method, Normalizer
from training.config import DataConfig, MixedConfig
from training.errors import OptionError
from training.precisions import VARIANTS, Variant, require_network_name

MAIN = "model"  # what the one that the bundle is named by is called where the others have names
_FILE: JsonDict = {"metavar": "FILE"}
_FLOAT32_MAX = float(np.finfo(np.float32).max)


def _named_file(given: str) -> str:
    """Raise ValueError unless that is a name and a file."""
    name, _, file = given.partition("=")
    if not file:
        raise ValueError("it takes a name and a file, as in large=resnet_large.tflite")
    require_network_name(name)
    if name == MAIN:
        raise ValueError(f"{MAIN!r} is the one that --model gives; call the network otherwise")
    return given


class ImportConfig(MixedConfig, DataConfig):
    """Which models, and what is known of them."""

    model_config = ConfigDict(title="Import")

    model: Path
    """The model: a .tflite, a .keras or .h5, or the folder of a SavedModel."""
    also: tuple[Annotated[str, AfterValidator(_named_file)], ...] = Field(
        (), json_schema_extra={"metavar": "NAME=FILE"}
    )
    """Another model of the same task for the same ladder, its variants called NAME-...: a vendor's int8, or a
    larger network."""
    name: str | None = None
    """The name of the bundle; by default that of the model's file."""
    labels: Path | None = Field(None, json_schema_extra=_FILE)
    """A text of one label a line, in the order of the model's outputs; by default the labels of the data."""
    unlabelled: bool = False
    """The data have no labels: agreement with the reference is measured, and accuracy is not known."""
    calibration: str | None = Field(None, json_schema_extra={"metavar": "DATA"})
    """Other data that ranges are taken from, whatever their labels; by default rows of --data that do not
    test."""
    scale: float | None = None
    """What the model wants raw numbers multiplied by, as in 0.00392 for pixels from 0 to 1; 1 says that it
    takes them as they are."""
    offset: float | None = None
    """What the model wants added after that."""
    normalizer: Method | None = None
    """The model was trained on rows that were normalised so, by numbers to be taken from the data."""
    logits: bool = False
    """The model answers logits; by default that is told by its answers."""
    trust: bool = False
    """Run code that a Keras file brings along, such as lambdas."""
    reference: str | None = Field(None, json_schema_extra={"metavar": "VARIANT"})
    """The variant that the others are compared with; by default the model itself."""
    precisions: Annotated[tuple[Variant, ...], Field(min_length=1)] = VARIANTS
    """The precisions to make of each float model."""
    test_size: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of rows kept for the test; a published test split is kept instead."""
    validation_size: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the other rows that validate, and do not calibrate."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """The same seed gives the same split, and the same rows to calibrate with."""

    @field_validator("scale", "offset")
    @classmethod
    def _is_held(cls, number: float | None) -> float | None:
        if number is not None and abs(number) > _FLOAT32_MAX:
            raise ValueError("it is more than a model's numbers can hold")
        return number

    @field_validator("scale")
    @classmethod
    def _tells_apart(cls, scale: float | None) -> float | None:
        if scale is not None and np.float32(scale) == 0:
            raise ValueError("it makes every value the same")
        return scale

    @model_validator(mode="after")
    def _one_name_each(self) -> Self:
        if len(self.others) < len(self.also):
            raise OptionError(f"--also gives two models one name: {', '.join(self.also)}")
        return self

    @model_validator(mode="after")
    def _one_preparation(self) -> Self:
        if self.normalizer is not None and (self.scale, self.offset) != (None, None):
            raise OptionError(
                "--normalizer and --scale or --offset were both given; a model is prepared in one way"
            )
        return self

    @property
    def others(self) -> dict[str, Path]:
        """The files of `also`, by their names."""
        pairs = (one.partition("=") for one in self.also)
        return {name: Path(file) for name, _, file in pairs}

    @property
    def of_calibration(self) -> DataConfig:
        """How the data of `calibration` are read: as the others."""
        told = {name: getattr(self, name) for name in DataConfig.model_fields}
        return DataConfig(**told | {"data": self.calibration})

    def preparation(self, spec: InputSpec) -> Normalizer | Method:
        """Return what happens to raw rows before the model, or how that is to be taken from the data."""
        if self.normalizer is not None:
            return self.normalizer
        scale = 1.0 if self.scale is None else self.scale
        return Normalizer.given(spec.features, channels=spec.channels, scale=scale, offset=self.offset or 0.0)
