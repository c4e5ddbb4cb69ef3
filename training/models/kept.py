"""Keeps trained weights on disk until they are published: what fails after training costs no training.

A folder beside the versions of its model holds them, in NumPy's format, and what they are in JSON: nothing
that could run. Its name begins with a dot, so nobody takes it for a version.
"""

from __future__ import annotations

import secrets
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from training.config import TrainConfig
from training.data.files.sources import BUILT_IN
from training.errors import OptionError
from training.models.fit import Epoch
from training.models.widths import Fitted, Trained
from training.precisions import PLAIN_WIDTH

_FILE = "trained.json"


class _Width(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    width: float
    history: list[Epoch]

    @property
    def file(self) -> str:
        return f"w{self.width:g}.npz"


class Kept(BaseModel):
    """What was trained, and on which data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    config: TrainConfig
    data_sha256: str
    widths: list[_Width]
    failures: dict[str, str]

    @model_validator(mode="after")
    def _has_width_1(self) -> Self:
        if all(one.width != PLAIN_WIDTH for one in self.widths):
            raise ValueError("there is no model of width 1, which the others are compared with")
        return self

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what `keep` wrote. Raises OptionError where that is not what lies in the folder."""
        try:
            return cls.model_validate_json((folder / _FILE).read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise OptionError(
                f"{folder} holds no trained weights; give the folder that a training named when it ended "
                "early, as in MODELS/NAME/.trained-1a2b3c4d"
            ) from error
        except ValidationError as error:
            raise OptionError(f"{folder / _FILE} is not what this release writes; train again") from error

    @property
    def history(self) -> list[Epoch]:
        """What each epoch gave at width 1."""
        return next(one.history for one in self.widths if one.width == PLAIN_WIDTH)

    def restore(self, folder: Path, build: Callable[[float], Any]) -> Trained:
        """Return the trained models, of untrained ones that `build` gives for a width.

        Raises OptionError where the weights are not theirs.
        """
        fitted = []
        for one in self.widths:
            model = build(one.width)
            try:
                with np.load(folder / one.file, allow_pickle=False) as arrays:
                    model.set_weights([arrays[name] for name in arrays.files])
            except (ValueError, TypeError, EOFError, BadZipFile, FileNotFoundError) as error:
                raise OptionError(
                    f"{folder / one.file} does not hold the weights of this model; train again"
                ) from error
            fitted.append(Fitted(one.width, model, one.history))
        return Trained(fitted, self.failures, folder)


def keep(parent: Path, config: TrainConfig, data_sha256: str, trained: Trained) -> Trained:
    """Write what was trained into a folder of its own in `parent`, whole or not at all; return it with that.

    Raises OSError where it cannot be written.
    """
    widths = [_Width(width=one.width, history=one.history) for one in trained.fitted]
    kept = Kept(
        config=_from_anywhere(config), data_sha256=data_sha256, widths=widths, failures=trained.failures
    )
    folder = parent / f".trained-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True)
        for one, width in zip(trained.fitted, widths, strict=True):
            np.savez(folder / width.file, *one.model.get_weights())
        (folder / _FILE).write_text(kept.model_dump_json(indent=2, exclude_unset=True), encoding="utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Trained(trained.fitted, trained.failures, folder)


@contextmanager
def until_published(folder: Path | None) -> Iterator[None]:
    """Take away what was kept, where the block succeeds; have what ends it otherwise say how to go on."""
    try:
        yield
    except BaseException as error:
        if folder is not None:
            error.add_note(
                "the trained weights are kept; this goes on without training: "
                f"python -m training resume {shlex.quote(str(folder))}"
            )
        raise
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _from_anywhere(config: TrainConfig) -> TrainConfig:
    """Return the same config, with paths that hold in whatever folder somebody goes on."""
    paths: dict[str, Any] = {}
    if config.data not in BUILT_IN:
        paths["data"] = str(Path(config.data).resolve())
    if config.data_dir is not None:
        paths["data_dir"] = config.data_dir.resolve()
    return config.model_copy(update=paths)
