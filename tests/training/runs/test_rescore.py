from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.errors import BundleNotFoundError
from tests.renamed import publish_renamed
from tests.training.watchers import Notes
from training.config import DataConfig
from training.errors import FeaturesError, LabelsError, OptionError
from training.runs.rescore import rescore
from training.runs.run import Published


@pytest.fixture(scope="module")
def few(breast_cancer: Published, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same model with two variants: what is asked of its rows is the same for all eight."""
    whole, folder = breast_cancer.bundle, tmp_path_factory.mktemp("few") / "breast_cancer" / "1"
    shutil.copytree(whole.folder, folder, ignore=shutil.ignore_patterns("tensorflow"))
    variants = [one for one in whole.manifest.variants if one.name in ("float32", "int8")]
    manifest = whole.manifest.model_copy(update={"variants": tuple(variants)})
    (folder / "manifest.json").write_text(manifest.model_dump_json())
    return open_bundle(folder)


def test_a_bundle_scores_on_its_own_test_rows_as_when_it_was_made(breast_cancer: Published) -> None:
    notes = Notes()
    evaluations = rescore(breast_cancer.bundle.folder, progress=notes)
    published = breast_cancer.bundle.manifest.variants
    assert [row.scores for row in evaluations] == [variant.scores for variant in published]
    assert notes.steps == sum(steps for _, steps in notes.stages)
    assert notes.warnings == []


def test_scoring_on_the_training_data_warns_that_it_flatters(few: Bundle) -> None:
    notes = Notes()
    evaluations = rescore(few.folder, DataConfig(data="breast_cancer"), progress=notes)
    assert evaluations[0].scores.rows == 569
    assert notes.warnings[0].startswith("456 of 569 test rows also stand in the training rows")


def test_a_bundle_of_an_older_release_knows_its_training_file_at_least(few: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "breast_cancer" / "1"
    shutil.copytree(few.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["training_rows"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    notes = Notes()
    rescore(folder, DataConfig(data="breast_cancer"), progress=notes)
    assert notes.warnings == ["the model was trained on most of these rows: the scores flatter it"]


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


def test_a_reference_that_cannot_run_here_is_said_in_one_sentence(
    breast_cancer: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "breast_cancer" / "1"
    shutil.copytree(breast_cancer.bundle.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"reference": "tensorflow"}))
    monkeypatch.setattr("bundle.runtimes._LIBRARY", {"tflite": "ai_edge_litert", "saved_model": "no_such"})
    with pytest.raises(OptionError, match=r"compares its variants with tensorflow, and .* not installed"):
        rescore(folder)


def test_rows_that_have_labels_are_scored_by_them_though_the_bundle_has_none(
    breast_cancer: Published, tmp_path: Path
) -> None:
    names = {"int8": "given", "float16": "half"}
    bundle = publish_renamed(breast_cancer.bundle, tmp_path, names, truth="reference")
    (given, half) = rescore(bundle.folder)
    assert (given.truth, given.is_reference, half.reference) == ("reference", True, "given")
    assert given.scores.accuracy == 1
    assert half.scores.accuracy == half.scores.agreement
    x, y = breast_cancer.bundle.test_set()
    np.savez(tmp_path / "labelled.npz", x=x, y=y)
    labelled = rescore(bundle.folder, DataConfig(data=str(tmp_path / "labelled.npz")))
    assert [one.truth for one in labelled] == ["labels", "labels"]
    assert labelled[0].scores.accuracy == breast_cancer.bundle.variant("int8").scores.accuracy
