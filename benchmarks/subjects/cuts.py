"""The program that cuts the rows of a data set as the training run of a bundle did, for whoever competes.

Nothing imports this file. It is a black box, started as a process. The bundle keeps the test rows, and of the
others only what came of them: so they are cut again, and must come out as the bundle says they were.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, Classes, open_bundle
from bundle.manifest import CalibrationSpec
from bundle.normalizer import FloatArray
from training.config import TrainConfig
from training.data.files.sources import load
from training.data.prepare import Prepared, prepare
from training.data.split import calibration_sample


def cut(bundle: Bundle, data: str, data_dir: Path | None) -> tuple[FloatArray, FloatArray, Classes]:
    """Return the raw calibration and validation rows of a bundle made of `data`, and the latter's classes.

    Raises SystemExit where those are not the rows that the bundle was made with.
    """
    chosen = bundle.manifest.provenance.hyperparameters
    fields = {name: value for name, value in chosen.items() if name in TrainConfig.model_fields}
    config = TrainConfig.model_validate(fields | {"data": data, "data_dir": data_dir})
    prepared = _prepared(config)
    calibration = prepared.x_train[calibration_sample(prepared.y_train, config.seed)]
    known = bundle.predictions()
    if known is None or not np.array_equal(known.validation_labels, prepared.y_validation):
        sys.exit(f"the validation rows of {data} are not those of {bundle.folder}")
    if bundle.manifest.calibration != CalibrationSpec.of(calibration, bundle.manifest.input.channels):
        sys.exit(f"the calibration rows of {data} are not those of {bundle.folder}")
    return calibration, prepared.x_validation, known.validation_labels


def _prepared(config: TrainConfig) -> Prepared:
    return prepare(
        load(config),
        normalize=config.normalize,
        test_size=config.test_size,
        validation_size=config.validation_size,
        seed=config.seed if config.split_seed is None else config.split_seed,
        tokens=config.tokens,
        vocabulary=config.vocabulary,
    )


def main(folder: str, data: str, out: str, data_dir: str = "") -> None:
    """Write an .npz of the calibration, validation and test rows as the graphs of the bundle take them."""
    bundle = open_bundle(Path(folder))
    spec = bundle.manifest.input
    normalize = bundle.manifest.normalizer.build(spec.features).apply
    calibration, validation, classes = cut(bundle, data, Path(data_dir) if data_dir else None)
    shape = spec.shape if spec.kind == "tensor" else (spec.features,)
    parts = {"calibration": calibration, "validation": validation, "test": bundle.test_set()[0]}
    rows = {name: normalize(part).reshape(-1, *shape) for name, part in parts.items()}
    np.savez(out, validation_classes=classes, allow_pickle=False, **rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
