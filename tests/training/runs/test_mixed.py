"""The variant `mixed` of an imported model; that of a trained one is looked at in `test_learning`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.export.given import CLASSES, NETWORKS, lay
from training.config import Objective, TrainConfig
from training.errors import OptionError
from training.export.mixed.recipe import Recipe
from training.export.worker import Worker
from training.imports.config import ImportConfig
from training.runs.importing import import_models
from training.runs.pipeline import train


@pytest.mark.parametrize(
    ("network", "objective", "unlabelled"), [("dense", "bytes", False), ("convolved", "time", True)]
)
def test_an_imported_model_has_it_too_with_labels_and_without(
    network: str, objective: Objective, tmp_path: Path, convert: Worker, *, unlabelled: bool
) -> None:
    model, data = tmp_path / "model.tflite", tmp_path / "data.npz"
    model.write_bytes(lay(network, tmp_path).content)
    x = np.random.default_rng(3).normal(size=(800, *NETWORKS[network].shape)).astype(np.float32)
    if unlabelled:
        np.savez(data, x=x)
    else:
        np.savez(data, x=x, y=np.arange(len(x)) % CLASSES)
    config = ImportConfig(
        model=model,
        data=str(data),
        scale=1,
        unlabelled=unlabelled,
        precisions=("float32",),
        max_accuracy_drop=0.1,
        objective=objective,
    )
    bundle = import_models(config, tmp_path / "models", convert=convert, timed=False).bundle
    found = Recipe.model_validate(bundle.variant("mixed").recipe)
    assert found.held
    assert found.calibrated == (bundle.manifest.calibration is not None)
    scores = bundle.variant("mixed").scores
    if unlabelled:
        assert scores.accuracy == scores.agreement > 0.85


def test_an_objective_without_a_budget_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    config = TrainConfig(data="iris", objective="time")
    with pytest.raises(OptionError, match="no --max-accuracy-drop to hold"):
        train(config, tmp_path)
