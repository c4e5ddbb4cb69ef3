"""The whole job: from a config to a published bundle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bundle.manifest import Name
from bundle.store import ModelStore
from evidence.paired import MARGIN
from training.config import TrainConfig
from training.data.files.sources import stem
from training.errors import OptionError
from training.export import worker
from training.models import kept
from training.models.fit import Epoch
from training.progress import Progress, Silence
from training.runs.ladder import Convert
from training.runs.material import read
from training.runs.run import Published, Run

_NAME: TypeAdapter[str] = TypeAdapter(Name)


def train(
    config: TrainConfig,
    store: Path,
    *,
    progress: Progress | None = None,
    convert: Convert = worker.convert_all,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    timed: bool = True,
    margin: float = MARGIN,
    keep: bool = True,
) -> Published:
    """Train, convert, score, publish and time one model; its bundle is the next version in `store`.

    Unless it is told not to `keep` them, the trained weights are in the model's folder until they are
    published, and `resume` goes on from there where that fails. A cascade may be less accurate than float32
    by the `margin`; where nothing is timed, none is looked for.

    Raises DataError, OptionError, or OSError where `store` cannot be written, before TensorFlow is imported,
    and ConversionError or DivergedError later.

    Example:
        train(TrainConfig(data="digits", model="cnn"), Path("models")).bundle.manifest
    """
    progress = progress or Silence()
    name, models = model_name(config), ModelStore(store)
    models.require_writable(name)
    material = read(config, progress)
    models.require_writable(name, material.least_bytes)
    material.tell(progress)
    run = Run(config, material, progress, convert)
    trained = run.train(on_epoch)
    if keep:
        trained = kept.keep(models.root / name, config, material.data.sha256, trained)
    return run.publish(models, name, trained, timed=timed, margin=margin if timed else None)


def resume(
    folder: Path,
    *,
    progress: Progress | None = None,
    convert: Convert = worker.convert_all,
    timed: bool = True,
    margin: float = MARGIN,
) -> Published:
    """Do what was left to do of a training whose weights are kept in `folder`, MODELS/NAME/.trained-...

    Raises OptionError where the folder holds none, or the data are others now; and as `train` does.
    """
    progress = progress or Silence()
    told = kept.Kept.read(folder)
    config = told.config
    models = ModelStore(folder.resolve().parent.parent)
    name = model_name(config)
    models.require_writable(name)
    material = read(config, progress)
    if material.data.sha256 != told.data_sha256:
        raise OptionError(
            f"{config.data} no longer holds the rows and labels that {folder} was trained on; train again"
        )
    models.require_writable(name, material.least_bytes)
    run = Run(config, material, progress, convert)
    run.start()
    trained = told.restore(folder, run.learning.build)
    return run.publish(models, name, trained, timed=timed, margin=margin if timed else None)


def model_name(config: TrainConfig) -> str:
    return require_name(stem(Path(config.data)) if config.name is None else config.name)


def require_name(name: str) -> str:
    """Return the name of a model. Raises OptionError where it is none."""
    try:
        return _NAME.validate_python(name)
    except ValidationError as error:
        raise OptionError(
            f"{name!r} cannot name a model; give --name with letters, digits, '.', '_' and '-', at most 64"
        ) from error
