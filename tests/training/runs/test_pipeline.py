from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bundle import selftest
from bundle.errors import BundleNotFoundError
from bundle.runtimes import open_runtime
from training.config import DataConfig, TrainConfig
from training.errors import DataError, FeaturesError, LabelsError, OptionError
from training.precisions import VARIANTS
from training.progress import Silence
from training.runs.pipeline import Published, rescore, train


class Notes(Silence):
    """Remembers what a job told."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.steps = 0
        self.warnings: list[str] = []

    def begin(self, stage: str, steps: int) -> None:
        self.stages.append((stage, steps))

    def advance(self, note: str = "") -> None:
        self.steps += 1

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def test_every_variant_is_published_and_passes_the_self_test(breast_cancer: Published) -> None:
    bundle = breast_cancer.bundle
    assert breast_cancer.failures == {}
    assert tuple(variant.name for variant in bundle.manifest.variants) == VARIANTS
    selftest.check_apart(bundle)
    selftest.check(bundle, "tensorflow", open_runtime(bundle, "tensorflow"))


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
        assert all(microseconds > 0 for microseconds in evaluation.microseconds.values())


def test_latency_belongs_to_the_machine_and_is_not_in_the_manifest(breast_cancer: Published) -> None:
    assert "microseconds" not in breast_cancer.bundle.manifest.model_dump_json()


def test_a_bundle_scores_on_its_own_test_rows_as_when_it_was_made(breast_cancer: Published) -> None:
    notes = Notes()
    evaluations = rescore(breast_cancer.bundle.folder, progress=notes)
    assert [row.scores for row in evaluations] == [row.scores for row in breast_cancer.evaluations]
    assert notes.steps == sum(steps for _, steps in notes.stages)
    assert notes.warnings == []


def test_scoring_on_the_training_data_warns_that_it_flatters(breast_cancer: Published) -> None:
    notes = Notes()
    evaluations = rescore(breast_cancer.bundle.folder, DataConfig(data="breast_cancer"), progress=notes)
    assert evaluations[0].scores.rows == 569
    assert "the scores flatter it" in notes.warnings[0]


def test_data_of_another_kind_is_refused(breast_cancer: Published, tmp_path: Path) -> None:
    folder = breast_cancer.bundle.folder
    with pytest.raises(FeaturesError, match=r"rows of shape \(13,\); .* takes \(30,\)"):
        rescore(folder, DataConfig(data="wine"))
    np.savez(tmp_path / "other.npz", x=np.ones((4, 30)), y=["benign", "purple", "benign", "purple"])
    with pytest.raises(LabelsError, match="does not know the label 'purple'; it knows 'benign', 'malignant'"):
        rescore(folder, DataConfig(data=str(tmp_path / "other.npz")))
    names = breast_cancer.bundle.manifest.input.feature_names or ()
    header = ",".join(["colour", *names[1:], "y"])
    (tmp_path / "other.csv").write_text(f"{header}\n" + ",".join(["1"] * 30 + ["benign"]) + "\n")
    with pytest.raises(FeaturesError, match=r"feature 'colour' where .* has 'mean radius'"):
        rescore(folder, DataConfig(data=str(tmp_path / "other.csv"), label="y"))


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError):
        rescore(tmp_path / "1")


def test_a_run_that_cannot_be_done_publishes_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", x=np.ones((9, 2)), y=np.ones(9, int))
    with pytest.raises(DataError):
        train(TrainConfig(data=str(tmp_path / "one.npz")), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_file_whose_name_cannot_name_a_model_asks_for_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "my data.npz", x=np.ones((9, 2)), y=np.ones(9, int))
    with pytest.raises(OptionError, match="'my data' cannot name a model; give --name"):
        train(TrainConfig(data=str(tmp_path / "my data.npz")), tmp_path / "models")
