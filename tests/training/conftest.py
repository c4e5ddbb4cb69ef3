"""What the tests of training share: a model of every variant."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from bundle.store import ModelStore
from tests.training.outside import SCALE, Outside
from training.export.worker import Worker
from training.imports.config import ImportConfig
from training.runs.importing import import_models
from training.runs.rescore import rescore
from training.runs.run import Published


@pytest.fixture(scope="session")
def breast_cancer(models: Path) -> Published:
    """The default model on data whose features differ by five orders of magnitude, with every variant."""
    bundle = ModelStore(models).open("breast_cancer")
    return Published(bundle, rescore(bundle.folder))


@pytest.fixture(scope="session")
def outside(trained_stores: Path, convert: Worker) -> Outside:
    """Models as others bring them, and `digits`, imported of two of them; see `tests.training.outside`."""
    models = Outside(trained_stores / "outside")
    with FileLock(f"{models.folder}.lock"):
        if not models.is_made:
            models.make()
        if not ModelStore(models.store).versions("digits"):
            config = ImportConfig(
                model=models["digits.tflite"],
                also=(f"vendor={models['vendor.tflite']}",),
                data="digits",
                scale=SCALE,
            )
            import_models(config, models.store, convert=convert, timed=False)
    return models
