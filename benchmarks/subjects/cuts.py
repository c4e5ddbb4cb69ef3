"""The program that cuts the rows of a data set as the run that made a bundle did, for whoever competes.

Nothing imports this file. It is a black box, started as a process. The bundle keeps the test rows, and of the
others only what came of them: so they are cut again, and must come out as the bundle says they were.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bundle.bundle import Bundle, Classes, open_bundle
from bundle.manifest import CalibrationSpec
from bundle.normalizer import FloatArray
from training.config import DataConfig, TrainConfig
from training.data.prepare import Prepared
from training.data.split import calibration_sample
from training.imports.config import ImportConfig
from training.imports.imported import open_all
from training.progress import Silence
from training.runs import import_material, material

FLAGS = {"unlabelled", "logits", "trust"}  # which stand alone
SEVERAL = {"text", "category", "numeric", "ignore", "also"}  # which may be said more than once
OF_TRAINING = {
    *DataConfig.model_fields,
    *("test_size", "validation_size", "seed", "split_seed", "normalize", "tokens", "vocabulary"),
}
OF_IMPORT = set(ImportConfig.model_fields) - {"name", "precisions", "reference"}

Said = str | bool | tuple[str, ...]


def cut(bundle: Bundle, options: Sequence[str]) -> tuple[FloatArray, FloatArray, Classes]:
    """Return the raw calibration and validation rows of a bundle, and the classes of the latter.

    `options` are what `python -m training` was told. Raises SystemExit where the rows are not those that the
    bundle was made with.
    """
    prepared, seed = _imported(options) if options[0] == "import" else _trained(options)
    calibration = prepared.x_train[calibration_sample(prepared.y_train, seed)]
    known = bundle.predictions()
    if known is None or not np.array_equal(known.validation_labels, prepared.y_validation):
        sys.exit(f"the validation rows are not those of {bundle.folder}")
    if bundle.manifest.calibration != CalibrationSpec.of(calibration, bundle.manifest.input.channels):
        sys.exit(f"the calibration rows are not those of {bundle.folder}")
    return calibration, prepared.x_validation, known.validation_labels


def told(options: Sequence[str], fields: Collection[str]) -> dict[str, Said]:
    """Return what options say, as in `--label species`, of these fields of a config."""
    found: dict[str, Said] = {}
    several: dict[str, tuple[str, ...]] = {}
    for option, following in zip(options, (*options[1:], ""), strict=True):
        before, sign, behind = option.partition("=")
        name, value = before.removeprefix("--").replace("-", "_"), behind if sign else following
        if not option.startswith("--") or name not in fields:
            continue
        if name in SEVERAL:
            several[name] = (*several.get(name, ()), value)
        else:
            found[name] = True if name in FLAGS else value
    return found | several


def _trained(options: Sequence[str]) -> tuple[Prepared, int]:
    config = TrainConfig.model_validate(told(options, OF_TRAINING))
    return material.read(config, Silence()).prepared, config.seed


def _imported(options: Sequence[str]) -> tuple[Prepared, int]:
    """Open the model again, for its shape is that of the rows."""
    config = ImportConfig.model_validate(told(options, OF_IMPORT))
    with TemporaryDirectory(prefix="bench-") as folder:
        models = open_all(config, Path(folder), Silence())
        return import_material.read(config, models, Silence()).prepared, config.seed


def main(folder: str, out: str, *options: str) -> None:
    """Write an .npz of the calibration, validation and test rows as the graphs of the bundle take them."""
    bundle = open_bundle(Path(folder))
    spec = bundle.manifest.input
    normalize = bundle.manifest.normalizer.build(spec.features).apply
    calibration, validation, classes = cut(bundle, options)
    shape = spec.shape if spec.kind == "tensor" else (spec.features,)
    parts = {"calibration": calibration, "validation": validation, "test": bundle.test_set()[0]}
    rows = {name: normalize(part).reshape(-1, *shape) for name, part in parts.items()}
    np.savez(out, validation_classes=classes, allow_pickle=False, **rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
