"""What an import works on: models that were opened, and data read and parted for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bundle.normalizer import FloatArray, Normalizer
from training.data.dataset import Dataset, IntArray, Unlabelled
from training.data.files.columns import Known
from training.data.files.sources import load, load_rows
from training.data.imported.columns import column_labels, name_columns, read_labels
from training.data.imported.parts import prepare_for_model
from training.data.prepare import Prepared
from training.data.scaling import fit_normalizer
from training.data.split import Shares
from training.errors import OptionError
from training.evaluation.scoring import predict_all
from training.imports import doubts
from training.imports.config import ImportConfig
from training.imports.imported import Imported
from training.progress import Progress

_HEARD_ROWS = 64  # by which it is told what a model answers


@dataclass(frozen=True)
class ImportMaterial:
    """The models of an import, and its data as they were read, and as they were parted."""

    models: list[Imported]
    data: Dataset
    prepared: Prepared
    doubts: tuple[str, ...]

    def tell(self, progress: Progress) -> None:
        """Say what the data were taken for, and what else there is to know of them."""
        progress.tell(self.data.taken)
        for note in (*self.data.notes, *self.prepared.notes, *self.doubts):
            progress.warn(note)

    @property
    def least_bytes(self) -> int:
        """What a bundle takes at least: its test rows, and a mebibyte for all else."""
        return self.prepared.x_test.nbytes + 2**20


def read(config: ImportConfig, models: list[Imported], progress: Progress) -> ImportMaterial:
    """Read the data as the models take them, and find out what the models answer to them.

    Where the data have no labels, the first model's answers stand for them. Raises DataError, OptionError or
    ImportedModelError.
    """
    progress.begin("reading", 1)
    main = models[0]
    rows: Dataset | Unlabelled = (
        load_rows(config, main.facts.shape, "absent")
        if config.unlabelled
        else load(config, Known(shape=main.facts.shape, may_do_without=True))
    )
    _require_preparation(config, main, rows.stored)
    preparation = config.preparation(rows.input)
    normalizer = preparation
    if not isinstance(normalizer, Normalizer):  # for a first look; that of the bundle never sees a test row
        normalizer = fit_normalizer(normalizer, rows.x, rows.input)
    models = [model.heard(normalizer, rows.x[:_HEARD_ROWS], logits=config.logits) for model in models]
    names = None if config.labels is None else read_labels(config.labels)
    if isinstance(rows, Unlabelled):
        labels, notes = column_labels(main.classes, names), rows.notes
        data = rows.answered(np.array(labels)[_classes(models[0], normalizer, rows.x)])
    else:
        named = name_columns(rows, main.classes, names)
        data, labels, notes = named.data, named.labels, named.notes
    calibration = None
    if config.calibration is not None:
        calibration = load_rows(config.of_calibration, main.facts.shape, "ignored")
    shares = Shares(config.test_size, config.validation_size, config.seed)
    prepared = prepare_for_model(data, labels, preparation, shares, calibration)
    progress.advance(f"{len(data.x):,} rows")
    return ImportMaterial(models, data, prepared, (*notes, *doubts.about(config, models, prepared)))


def _require_preparation(config: ImportConfig, main: Imported, stored: str) -> None:
    """Raise OptionError where nobody said how pixels become what a float model takes."""
    said = (config.scale, config.normalizer) != (None, None)
    if stored == "uint8" and main.facts.dtype == "float32" and not said:
        raise OptionError(
            f"{config.data} holds uint8, and {main.path} takes float32: say how it wants them, with --scale "
            "1 as they are, with --scale 0.00392 from 0 to 1, or with --normalizer as it was trained on them"
        )


def _classes(model: Imported, normalizer: Normalizer, rows: FloatArray) -> IntArray:
    classes: IntArray = predict_all(model.runtime(normalizer), rows).argmax(axis=1)
    return classes
