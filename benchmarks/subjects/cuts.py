"""The program that cuts the rows of a data set as the training run of a bundle did, for whoever competes.

Nothing imports this file. It is a black box, started as a process. The bundle keeps the test rows, and of the
others only what came of them: so they are cut again, and must come out as the bundle says they were.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from bundle.bundle import Bundle, Classes, open_bundle
from bundle.manifest import CalibrationSpec
from bundle.normalizer import FloatArray
from training.config import DataConfig, TrainConfig
from training.data.files.sources import load
from training.data.prepare import Prepared, prepare
from training.data.split import calibration_sample

SEVERAL = {"text", "category", "numeric", "ignore"}
OF_ROWS = {
    *DataConfig.model_fields,
    *("test_size", "validation_size", "seed", "split_seed", "normalize", "tokens", "vocabulary"),
}


def cut(bundle: Bundle, options: Sequence[str]) -> tuple[FloatArray, FloatArray, Classes]:
    """Return the raw calibration and validation rows of a bundle, and the classes of the latter.

    `options` are those that `python -m training train` was told. Raises SystemExit where the rows are not
    those that the bundle was made with.
    """
    config = TrainConfig.model_validate(told(options, OF_ROWS))
    prepared = _prepared(config)
    calibration = prepared.x_train[calibration_sample(prepared.y_train, config.seed)]
    known = bundle.predictions()
    if known is None or not np.array_equal(known.validation_labels, prepared.y_validation):
        sys.exit(f"the validation rows of {config.data} are not those of {bundle.folder}")
    if bundle.manifest.calibration != CalibrationSpec.of(calibration, bundle.manifest.input.channels):
        sys.exit(f"the calibration rows of {config.data} are not those of {bundle.folder}")
    return calibration, prepared.x_validation, known.validation_labels


def told(options: Sequence[str], fields: Collection[str]) -> dict[str, str | tuple[str, ...]]:
    """Return the fields of a config that options say, as in `--label species`, of those that are asked for.

    What may be said several times is a tuple.
    """
    found: dict[str, str | tuple[str, ...]] = {}
    for option, following in zip(options, (*options[1:], ""), strict=True):
        before, sign, behind = option.partition("=")
        name, value = before.removeprefix("--").replace("-", "_"), behind if sign else following
        if option.startswith("--") and name in fields:
            found[name] = (*found.get(name, ()), value) if name in SEVERAL else value
    return found


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
