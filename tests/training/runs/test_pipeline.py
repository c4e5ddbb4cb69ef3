from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bundle.proof import selftest
from bundle.runtimes import open_runtime
from training.config import TrainConfig
from training.errors import DataError, OptionError
from training.precisions import VARIANTS
from training.runs.pipeline import train
from training.runs.run import Published


def test_every_variant_is_published_and_passes_the_self_test(breast_cancer: Published) -> None:
    bundle = breast_cancer.bundle
    assert breast_cancer.failures == {}
    assert tuple(variant.name for variant in bundle.manifest.variants) == VARIANTS
    for name in VARIANTS:
        selftest.check(bundle, name, open_runtime(bundle, name))


def test_int8_keeps_the_accuracy_of_float32_though_features_differ_by_orders_of_magnitude(
    breast_cancer: Published,
) -> None:
    x, _ = breast_cancer.bundle.test_set()
    spread = x.std(axis=0)
    assert spread.max() / spread.min() > 1e4
    float32, int8 = (breast_cancer.bundle.variant(name).scores for name in ("float32", "int8"))
    assert float32.accuracy >= 0.95
    assert float32.accuracy_low <= int8.accuracy <= float32.accuracy_high


def test_the_manifest_says_what_the_model_is_and_where_it_came_from(breast_cancer: Published) -> None:
    manifest = breast_cancer.bundle.manifest
    assert manifest.task == "binary"
    assert manifest.labels == ("benign", "malignant")
    assert manifest.input.feature_names is not None
    assert manifest.input.feature_names[0] == "mean radius"
    assert len(manifest.normalizer.offset) == 30
    came = manifest.provenance
    assert came.data == "breast_cancer"
    assert (came.train_rows, came.validation_rows, came.test_rows) == (410, 46, 113)
    assert came.hyperparameters["hidden"] == [64, 64]
    assert came.hyperparameters["seed"] == 42
    assert {"keras", "numpy", "python"} <= set(came.libraries)


def test_scores_are_those_of_the_runtime_that_serves_the_published_files(breast_cancer: Published) -> None:
    bundle = breast_cancer.bundle
    x, y = bundle.test_set()
    assert set(y.tolist()) == {"benign", "malignant"}
    labels = np.array(bundle.manifest.labels)
    for evaluation in breast_cancer.evaluations:
        predicted = labels[open_runtime(bundle, evaluation.variant).predict(x).argmax(axis=1)]
        assert evaluation.scores.accuracy == pytest.approx((predicted == y).mean())
        assert evaluation.scores == bundle.variant(evaluation.variant).scores
        assert evaluation.bytes == bundle.variant(evaluation.variant).bytes
        assert all(time.low > 0 and time.is_bounded for time in evaluation.microseconds.values())


def test_latency_belongs_to_the_machine_and_is_not_in_the_manifest(breast_cancer: Published) -> None:
    assert "microseconds" not in breast_cancer.bundle.manifest.model_dump_json()


def test_a_run_that_cannot_be_done_publishes_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", x=np.ones((9, 2)), y=np.ones(9, int))
    with pytest.raises(DataError):
        train(TrainConfig(data=str(tmp_path / "one.npz")), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_file_whose_name_cannot_name_a_model_asks_for_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "my data.npz", x=np.ones((9, 2)), y=np.ones(9, int))
    with pytest.raises(OptionError, match="'my data' cannot name a model; give --name"):
        train(TrainConfig(data=str(tmp_path / "my data.npz")), tmp_path / "models")
