"""The variant `mixed` of a bundle: made where a budget of accuracy is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.runtimes import open_runtime
from tests.training.export.given import CLASSES, NETWORKS, lay
from tests.training.watchers import Notes
from training.config import Objective, TrainConfig
from training.errors import OptionError
from training.export.mixed.recipe import Recipe
from training.export.worker import Worker
from training.imports.config import ImportConfig
from training.report.recipes import recipes_in_words
from training.runs.importing import import_models
from training.runs.pipeline import train
from training.runs.run import Published

CONFIG = TrainConfig(
    data="breast_cancer",
    hidden=(64,),  # each layer more makes the search longer
    epochs=3,
    fine_tune_epochs=1,
    validation_size=0.5,
    variants=("float32", "dynamic_int8", "weight_int4"),
    widths=(0.5, 1.0),
    max_accuracy_drop=0.05,
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, convert: Worker) -> tuple[Published, Notes]:
    notes = Notes()
    store = tmp_path_factory.mktemp("mixed")
    return train(CONFIG, store, progress=notes, convert=convert, timed=False), notes


def recipe(bundle: Bundle, name: str) -> Recipe:
    found = bundle.variant(name).recipe
    assert found is not None
    return Recipe.model_validate(found)


def test_every_width_has_it_in_fewer_bytes_than_8_bits(published: tuple[Published, Notes]) -> None:
    bundle = published[0].bundle
    for width in ("", "w0.5-"):
        assert recipe(bundle, f"{width}mixed").held
        assert bundle.variant(f"{width}mixed").bytes < bundle.variant(f"{width}dynamic_int8").bytes
    assert bundle.variant("float32").recipe is None


def test_it_is_scored_and_answers_as_any_other(published: tuple[Published, Notes]) -> None:
    bundle = published[0].bundle
    names = [one.variant for one in published[0].evaluations]
    rungs = ["float32", "dynamic_int8", "weight_int4", "mixed"]
    assert names == [f"{width}{rung}" for width in ("w0.5-", "") for rung in rungs]
    x, _ = bundle.test_set()
    assert open_runtime(bundle, "mixed").predict(x[:5]).shape == (5, 2)


def test_what_is_lost_on_validation_rows_is_as_its_recipe_says(published: tuple[Published, Notes]) -> None:
    found = {one.variant: one.validation for one in published[0].evaluations}
    mixed, exact = found["mixed"], found["float32"]
    assert mixed is not None
    assert exact is not None
    lost = float(exact.right.mean() - mixed.right.mean())
    assert recipe(published[0].bundle, "mixed").drop == pytest.approx(lost, abs=0.002)


def test_nothing_of_the_search_stays_in_the_bundle(published: tuple[Published, Notes]) -> None:
    names = {path.name for path in (published[0].bundle.folder / "variants").rglob("*") if path.is_file()}
    assert names == {f"{name}.tflite" for name in ("float32", "dynamic_int8", "weight_int4", "mixed")}


def test_whoever_watches_sees_how_far_the_search_is(published: tuple[Published, Notes]) -> None:
    stages = dict(published[1].stages)
    assert stages["mixing"] == stages["mixing w0.5"] == 100


def test_the_time_of_the_search_is_that_of_no_other_variant(published: tuple[Published, Notes]) -> None:
    noted = published[1].noted
    assert {stage for stage, _ in noted} >= {"fine-tuning 4 bits", "fine-tuning 4 bits w0.5"}
    stages = {stage for stage, note in noted if note == "weight_int4"} - {"scoring"}
    assert stages == {"converting", "converting w0.5"}


def test_its_recipe_is_told_in_a_line(published: tuple[Published, Notes]) -> None:
    lines = list(recipes_in_words(published[0].bundle.manifest))
    assert [line.partition(":")[0] for line in lines] == ["w0.5-mixed", "mixed"]
    assert "validation rows" in lines[0]


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
    found = recipe(bundle, "mixed")
    assert found.held
    assert found.calibrated == (bundle.manifest.calibration is not None)
    scores = bundle.variant("mixed").scores
    if unlabelled:
        assert scores.accuracy == scores.agreement > 0.85


def test_an_objective_without_a_budget_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    config = TrainConfig(data="iris", objective="time")
    with pytest.raises(OptionError, match="no --max-accuracy-drop to hold"):
        train(config, tmp_path)
