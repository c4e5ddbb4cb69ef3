"""What a run does about 4 bits, and about `mixed`, seen by the files that it publishes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from tests.training.watchers import Notes
from training.config import TrainConfig
from training.export.mixed.recipe import Recipe
from training.export.worker import Worker
from training.models.widths import Trained
from training.progress import Silence
from training.report.recipes import recipes_in_words
from training.runs.learning import Learning
from training.runs.material import Material, read
from training.runs.run import Published, Run

ROUNDED = {"data": "digits", "hidden": (16,), "epochs": 4, "learning_rate": 0.01, "validation_size": 0.5}


@dataclass(frozen=True)
class Rounded:
    """Models that were trained once; what is published of them differs by what was told of 4 bits alone."""

    config: TrainConfig
    material: Material
    trained: Trained
    store: ModelStore
    convert: Worker

    def published(self, name: str, *widths: float, **options: Any) -> tuple[Published, Notes]:
        """Publish the models of these widths."""
        notes = Notes()
        config = self.config.model_copy(update=options)
        run = Run(config, self.material, notes, self.convert)
        trained = Trained([one for one in self.trained.fitted if one.width in widths], {})
        return run.publish(self.store, name, trained, timed=False), notes


@pytest.fixture(scope="module")
def rounded(tmp_path_factory: pytest.TempPathFactory, convert: Worker) -> Rounded:
    config = TrainConfig.model_validate(
        ROUNDED | {"variants": ("dynamic_int8", "weight_int4"), "widths": (0.5, 1)}
    )
    material = read(config, Silence())
    trained = Run(config, material, Silence(), convert).train()
    return Rounded(config, material, trained, ModelStore(tmp_path_factory.mktemp("rounded")), convert)


@pytest.fixture(scope="module")
def plain(rounded: Rounded) -> Published:
    return rounded.published("plain", 0.5, 1, fine_tune_epochs=0)[0]


@pytest.fixture(scope="module")
def tuned(rounded: Rounded) -> tuple[Published, Notes]:
    return rounded.published("tuned", 0.5, 1, max_accuracy_drop=0.05)


def answers(published: Published) -> dict[str, FloatArray]:
    """Return what each variant answers: the bytes of a graph differ by the names that Keras gives layers."""
    bundle = published.bundle
    x, _ = bundle.test_set()
    return {one.name: open_runtime(bundle, one.name).predict(x) for one in bundle.manifest.variants}


def files(published: Published) -> set[str]:
    folder = published.bundle.folder / "variants"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_only_the_variant_of_4_bits_is_made_of_the_fine_tuned_copy_at_every_width(
    tuned: tuple[Published, Notes], plain: Published
) -> None:
    published, notes = tuned
    stages = [stage for stage, _ in notes.stages]
    assert "fine-tuning 4 bits" in stages
    assert "fine-tuning 4 bits w0.5" in stages
    assert files(published) - {"mixed.tflite", "w0.5/mixed.tflite"} == files(plain)
    kept = published.bundle.manifest.provenance.hyperparameters["fine_tuned_epochs"]
    assert isinstance(kept, dict)
    assert set(kept) == {"0.5", "1"}
    assert {*kept.values()} <= {1, 2}
    assert plain.bundle.manifest.provenance.hyperparameters["fine_tuned_epochs"] == {}
    with_it, without = answers(published), answers(plain)
    other = {name for name in without if not np.array_equal(with_it[name], without[name])}
    assert other == {"weight_int4", "w0.5-weight_int4"}
    loss = [one.bundle.variant("w0.5-weight_int4").scores.log_loss for one in (published, plain)]
    assert loss[0] < loss[1]


@pytest.mark.parametrize("options", [{"variants": ("float32",)}, {"fine_tune_epochs": 0}])
def test_nothing_is_fine_tuned_where_nobody_wants_4_bits(rounded: Rounded, options: dict[str, Any]) -> None:
    notes = Notes()
    config = TrainConfig.model_validate(ROUNDED | options)
    learning = Learning(config, rounded.material.prepared, notes)
    assert learning.for_four_bits(rounded.trained.fitted[-1].model, 1) is None
    assert notes.stages == []


def test_where_fine_tuning_does_not_help_the_plain_weights_are_rounded(
    rounded: Rounded, plain: Published
) -> None:
    # Epochs of SGD at a tenth of next to nothing move no weight from one point of the grid to another.
    useless = {"variants": ("float32", "weight_int4"), "optimizer": "sgd", "learning_rate": 1e-12}
    tuned, notes = rounded.published("useless", 1, **useless)
    assert "fine-tuning 4 bits" in [stage for stage, _ in notes.stages]
    assert tuned.bundle.manifest.provenance.hyperparameters["fine_tuned_epochs"] == {"1": 0}
    assert np.array_equal(answers(tuned)["weight_int4"], answers(plain)["weight_int4"])


def recipe(bundle: Bundle, name: str) -> Recipe:
    found = bundle.variant(name).recipe
    assert found is not None
    return Recipe.model_validate(found)


def test_every_width_is_mixed_in_fewer_bytes_than_8_bits(tuned: tuple[Published, Notes]) -> None:
    bundle = tuned[0].bundle
    for width in ("", "w0.5-"):
        assert recipe(bundle, f"{width}mixed").held
        assert bundle.variant(f"{width}mixed").bytes < bundle.variant(f"{width}dynamic_int8").bytes
    assert bundle.variant("float32").recipe is None


def test_what_is_mixed_is_scored_and_answers_as_any_other(tuned: tuple[Published, Notes]) -> None:
    bundle = tuned[0].bundle
    names = [one.variant for one in tuned[0].evaluations]
    rungs = ["float32", "dynamic_int8", "weight_int4", "mixed"]
    assert names == [f"{width}{rung}" for width in ("w0.5-", "") for rung in rungs]
    x, _ = bundle.test_set()
    assert open_runtime(bundle, "mixed").predict(x[:5]).shape == (5, 10)


def test_what_mixing_loses_on_validation_rows_is_as_its_recipe_says(tuned: tuple[Published, Notes]) -> None:
    found = {one.variant: one.validation for one in tuned[0].evaluations}
    mixed, exact = found["mixed"], found["float32"]
    assert mixed is not None
    assert exact is not None
    lost = float(exact.right.mean() - mixed.right.mean())
    assert recipe(tuned[0].bundle, "mixed").drop == pytest.approx(lost, abs=0.002)


def test_nothing_of_the_search_stays_in_the_bundle(tuned: tuple[Published, Notes]) -> None:
    names = {path.name for path in (tuned[0].bundle.folder / "variants").rglob("*") if path.is_file()}
    assert names == {f"{name}.tflite" for name in ("float32", "dynamic_int8", "weight_int4", "mixed")}


def test_whoever_watches_sees_how_far_the_search_is(tuned: tuple[Published, Notes]) -> None:
    stages = dict(tuned[1].stages)
    assert stages["mixing"] == stages["mixing w0.5"] == 100


def test_the_time_of_the_search_is_that_of_no_other_variant(tuned: tuple[Published, Notes]) -> None:
    noted = tuned[1].noted
    assert {stage for stage, _ in noted} >= {"fine-tuning 4 bits", "fine-tuning 4 bits w0.5"}
    stages = {stage for stage, note in noted if note == "weight_int4"} - {"validating", "scoring"}
    assert stages == {"converting", "converting w0.5"}


def test_a_recipe_is_told_in_a_line(tuned: tuple[Published, Notes]) -> None:
    lines = list(recipes_in_words(tuned[0].bundle.manifest))
    assert [line.partition(":")[0] for line in lines] == ["w0.5-mixed", "mixed"]
    assert "validation rows" in lines[0]
