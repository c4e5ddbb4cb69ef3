"""Models that others made, on a ladder: what is published of them, and how it answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray
from bundle.proof import selftest
from bundle.runtimes import open_runtime
from tests.renamed import publish_renamed
from tests.running_service import running_service
from tests.training.imports import zoo
from tests.training.outside import SCALE, Outside, keras_answers, wake_word
from tests.training.watchers import Notes
from training.config import DataConfig
from training.data.files.sources import load
from training.data.overlap import fingerprints
from training.diagnosis.diagnose import diagnose
from training.errors import OptionError
from training.export.worker import Worker
from training.imports.config import ImportConfig
from training.imports.imported import Imported, open_all
from training.precisions import VARIANTS
from training.runs.import_material import read
from training.runs.importing import import_models
from training.runs.rescore import rescore
from training.runs.run import Published


class Importer:
    """Imports into a store of the test's own, and remembers what it was told."""

    def __init__(self, outside: Outside, store: Path, convert: Worker) -> None:
        self._outside, self._store, self._convert = outside, store, convert
        self.notes = Notes()

    def __call__(self, file: str | Path, **options: Any) -> Published:
        """Import a model of the digits, unless the options say otherwise."""
        told: dict[str, Any] = {"data": "digits", "scale": SCALE, "precisions": ("float32",), "name": "m"}
        config = ImportConfig(model=self._outside.folder / file, **told | options)
        return import_models(config, self._store, progress=self.notes, convert=self._convert, timed=False)


@dataclass(frozen=True)
class Opened:
    """Models of the digits that were opened once: what there is to doubt is told before anything is made."""

    own: Imported
    vendor: Imported

    def doubts(self, *, with_vendor: bool = False, **options: Any) -> list[str]:
        """Return what an import with these options is warned of."""
        told: dict[str, Any] = {"data": "digits", "scale": SCALE, "model": self.own.path}
        notes = Notes()
        models = [self.own, self.vendor] if with_vendor else [self.own]
        read(ImportConfig(**told | options), models, notes).tell(notes)
        return notes.warnings


@pytest.fixture(scope="module")
def opened(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    config = ImportConfig(
        model=outside["digits.tflite"], also=(f"vendor={outside['vendor.tflite']}",), data="digits"
    )
    return Opened(*open_all(config, tmp_path_factory.mktemp("opened"), Notes()))


@pytest.fixture
def imported(outside: Outside, tmp_path: Path, convert: Worker) -> Importer:
    return Importer(outside, tmp_path / "models", convert)


def answers(bundle: Bundle, variant: str, rows: FloatArray) -> FloatArray:
    return open_runtime(bundle, variant).predict(rows)


def test_every_precision_of_a_model_and_the_vendors_own_stand_on_one_ladder(outside: Outside) -> None:
    manifest = outside.published("digits").manifest
    made = [name for name in VARIANTS if name != "tensorflow"]  # a .tflite cannot be turned into that
    assert [one.name for one in manifest.variants] == [*made, "vendor-int8"]
    assert [one.network for one in manifest.variants] == [*[None] * len(made), "vendor"]
    assert (manifest.reference, manifest.default_variant, manifest.truth) == ("float32", "float32", "labels")
    assert (manifest.left_out, manifest.task, manifest.labels) == ({}, "multiclass", tuple(range(10)))
    assert (manifest.input.kind, manifest.input.shape) == ("tensor", (8, 8, 1))
    assert manifest.provenance.train_rows == 0


def test_a_tflite_is_as_accurate_as_the_keras_model_that_it_was_made_of(outside: Outside) -> None:
    bundle = outside.published("digits")
    x, y = bundle.test_set()
    expected = keras_answers(outside["digits.keras"], x)
    assert np.allclose(answers(bundle, "float32", x), expected, atol=1e-4)
    scores = {one.name: one.scores.accuracy for one in bundle.manifest.variants}
    assert scores["float32"] == pytest.approx((expected.argmax(axis=1) == y).mean())
    assert scores["float32"] > 0.9
    assert scores["int8"] == pytest.approx(scores["float32"], abs=0.03)
    assert scores["vendor-int8"] == pytest.approx(scores["float32"], abs=0.03)


def test_a_bundle_of_imported_models_proves_itself_and_is_scored_again_alike(outside: Outside) -> None:
    bundle = outside.published("digits")
    for variant in bundle.manifest.variants:
        selftest.check(bundle, variant.name, open_runtime(bundle, variant.name))
    again = rescore(bundle.folder)
    assert [one.scores for one in again] == [one.scores for one in bundle.manifest.variants]


def test_a_keras_file_becomes_the_same_model_and_is_run_by_tensorflow_as_well(
    imported: Importer, outside: Outside
) -> None:
    bundle = imported("digits.keras", precisions=("tensorflow",)).bundle
    assert [one.name for one in bundle.manifest.variants] == ["float32", "tensorflow"]
    x, _ = bundle.test_set()
    expected = keras_answers(outside["digits.keras"], x)
    for variant in ("float32", "tensorflow"):
        assert np.allclose(answers(bundle, variant, x), expected, atol=1e-4)


def test_a_batch_of_one_is_made_any_where_that_works(outside: Outside) -> None:
    bundle = outside.published("digits")
    x = bundle.test_set()[0][:5]
    for variant in bundle.manifest.variants:
        assert variant.graph == GraphSpec(batch="any")
        alone = np.concatenate([answers(bundle, variant.name, row[None]) for row in x])
        assert np.allclose(answers(bundle, variant.name, x), alone, atol=0.01)


def test_a_batch_that_is_written_into_the_graph_is_asked_row_by_row_and_can_be_looked_into(
    imported: Importer, outside: Outside
) -> None:
    bundle = imported("rigid.tflite", precisions=("float32", "int8")).bundle
    assert {one.graph.batch for one in bundle.manifest.variants} == {"one"}
    x, _ = bundle.test_set()
    assert np.allclose(
        answers(bundle, "float32", x), answers(outside.published("digits"), "float32", x), atol=1e-4
    )
    layers = diagnose(bundle.folder, "int8", margin=0.01).comparison.layers
    assert [layer.kind for layer in layers[:2]] == ["INPUT", "CONV_2D"]


def test_a_saved_model_that_mixes_rows_gets_them_one_by_one_in_every_variant(
    imported: Importer, tmp_path: Path
) -> None:
    def mixing(tf: Any, x: Any) -> Any:
        return tf.nn.softmax((x - tf.reduce_mean(x, axis=0) / 3) @ zoo.weights(64, 10))

    folder = zoo.saved(zoo.function(mixing, (None, 64)), tmp_path / "mixing.v2")
    bundle = imported(folder, name=None, precisions=("dynamic_int8", "tensorflow")).bundle
    assert bundle.name == "mixing.v2"
    names = [one.name for one in bundle.manifest.variants]
    assert names == ["float32", "dynamic_int8", "tensorflow"]
    assert {one.graph.batch for one in bundle.manifest.variants} == {"one"}
    x = bundle.test_set()[0][:20]
    assert np.allclose(answers(bundle, "tensorflow", x), answers(bundle, "float32", x), atol=1e-4)


def test_logits_are_known_by_their_values_and_become_probabilities(
    imported: Importer, outside: Outside
) -> None:
    bundle = imported("logits.tflite", precisions=("float32", "dynamic_int8")).bundle
    assert {one.graph.answers for one in bundle.manifest.variants} == {"logits"}
    x, _ = bundle.test_set()
    assert np.allclose(answers(bundle, "float32", x), keras_answers(outside["digits.keras"], x), atol=1e-4)


def test_a_graph_that_makes_probabilities_itself_is_not_taken_for_one_of_logits(opened: Opened) -> None:
    (doubt,) = opened.doubts(logits=True)
    assert doubt.startswith("--logits was given, but ")
    assert doubt.endswith(" makes probabilities of them itself at its end")


def test_one_sigmoid_is_two_classes_in_the_order_of_the_labels(imported: Importer) -> None:
    published = imported(
        "tumours.tflite", data="breast_cancer", scale=None, normalizer="standardize", precisions=("int8",)
    )
    manifest = published.bundle.manifest
    assert (manifest.task, manifest.labels) == ("binary", ("benign", "malignant"))
    assert (manifest.normalizer.method, len(manifest.normalizer.scale)) == ("standardize", 30)
    assert all(one.scores.accuracy > 0.9 for one in manifest.variants)
    assert answers(published.bundle, "int8", published.bundle.test_set()[0]).shape[1:] == (2,)
    assert (
        "the model's outputs were taken for 'benign', 'malignant', in this order"
        in imported.notes.warnings[0]
    )


def test_where_only_a_quantised_model_is_given_that_is_the_reference(imported: Importer) -> None:
    published = imported("vendor.tflite", precisions=VARIANTS)
    manifest = published.bundle.manifest
    assert [one.name for one in manifest.variants] == ["int8"]
    assert (manifest.reference, manifest.default_variant, manifest.calibration) == ("int8", "int8", None)
    assert published.evaluations[0].is_reference
    assert any("vendor.tflite is int8 as it comes" in note for note in imported.notes.warnings)


def test_another_reference_can_be_named(imported: Importer, outside: Outside) -> None:
    vendor = f"vendor={outside['vendor.tflite']}"
    published = imported("digits.tflite", also=(vendor,), reference="vendor-int8")
    assert published.bundle.manifest.reference == "vendor-int8"
    assert {one.variant: one.is_reference for one in published.evaluations} == {
        "float32": False,
        "vendor-int8": True,
    }
    with pytest.raises(OptionError, match=r"--reference int4 is no variant of these models: float32$"):
        imported("digits.tflite", reference="int4")


def test_rows_without_labels_prove_agreement_and_no_accuracy(imported: Importer, tmp_path: Path) -> None:
    rows = load(DataConfig(data="digits")).x
    np.save(tmp_path / "rows.npy", rows.reshape(-1, 8, 8, 1))
    published = imported(
        "digits.tflite", data=str(tmp_path / "rows.npy"), unlabelled=True, precisions=("int8",)
    )
    bundle = published.bundle
    assert bundle.manifest.truth == "reference"
    x, y = bundle.test_set()
    assert np.array_equal(answers(bundle, "float32", x).argmax(axis=1), y)
    float32, int8 = published.evaluations
    assert (float32.scores.accuracy, float32.truth) == (1, "reference")
    assert int8.scores.accuracy == int8.scores.agreement
    made_up = np.array([bundle.manifest.example], np.float32)
    assert not (rows == made_up).all(axis=1).any()
    assert np.isfinite(answers(bundle, "int8", made_up)).all()
    assert imported.notes.told == ["rows: 1,797 rows of 8 x 8 x 1 numbers, without labels"]


def test_labels_in_another_order_than_the_outputs_are_doubted(opened: Opened, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("\n".join(map(str, range(9, -1, -1))))
    (doubt,) = opened.doubts(labels=tmp_path / "labels.txt")
    assert doubt.startswith("the labels may stand in another order: 0.0")
    assert "output 9 for 9, not 0" in doubt


def test_labels_of_a_file_name_what_the_data_number(imported: Importer, tmp_path: Path) -> None:
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    (tmp_path / "labels.txt").write_text("\n".join(names))
    published = imported("digits.tflite", labels=tmp_path / "labels.txt")
    assert published.bundle.manifest.labels == tuple(names)
    assert published.evaluations[0].scores.accuracy > 0.9
    assert imported.notes.warnings == []
    notes = Notes()
    again = rescore(
        published.bundle.folder, DataConfig(data="digits"), progress=notes
    )  # its labels are numbers
    assert " test rows also stand in the rows that calibrated or validated it" in notes.warnings[0]
    assert again[0].scores.accuracy > 0.9


def test_no_row_that_calibrates_or_validates_is_tested(outside: Outside) -> None:
    bundle = outside.published("digits")
    seen = bundle.training_rows()
    assert seen is not None
    assert len(seen) > 800
    assert not np.isin(fingerprints(bundle.test_set()[0]), seen).any()


def test_other_rows_can_calibrate(imported: Importer, tmp_path: Path) -> None:
    rows = load(DataConfig(data="digits")).x[:300].reshape(-1, 8, 8) / 2
    np.save(tmp_path / "half.npy", rows.astype(np.float32))
    manifest = imported(
        "digits.tflite", calibration=str(tmp_path / "half.npy"), precisions=("int8",)
    ).bundle.manifest
    assert manifest.calibration is not None
    assert (manifest.calibration.low, manifest.calibration.high) == ((0,), (8,))


def test_a_number_from_0_to_1_that_no_sigmoid_makes_is_doubted(imported: Importer, tmp_path: Path) -> None:
    data = load(DataConfig(data="digits"))
    np.savez(tmp_path / "large.npz", x=data.x, y=np.isin(data.y, (5, 6, 7, 8, 9)))
    straight = zoo.function(lambda tf, x: x @ np.full((64, 1), 0.01, np.float32), (None, 64))
    (tmp_path / "straight.tflite").write_bytes(zoo.converted_function(straight))
    imported(tmp_path / "straight.tflite", data=str(tmp_path / "large.npz"))
    assert "answers a number from 0 to 1 that no sigmoid makes" in imported.notes.warnings[0]


def test_every_model_of_a_ladder_is_doubted_by_its_name(opened: Opened) -> None:
    doubt, *_ = opened.doubts(scale=1, with_vendor=True)  # the vendor's was quantised from 0 to 1
    assert doubt.startswith("vendor: the model's int8 input holds 0 to 1, and rows reach")


def test_rows_on_another_scale_are_doubted_where_they_calibrate(opened: Opened, tmp_path: Path) -> None:
    rows = load(DataConfig(data="digits")).x[:300].reshape(-1, 8, 8) * np.float32(SCALE)
    np.save(tmp_path / "scaled.npy", rows)
    (doubt,) = opened.doubts(calibration=str(tmp_path / "scaled.npy"))
    assert doubt == (
        "rows of --calibration lie from 0 to 1, and those of --data from 0 to 16: both are prepared alike, "
        "so they must be on one scale"
    )


def test_answers_of_one_class_are_doubted(opened: Opened) -> None:
    assert " validation rows are answered with one class: --scale" in opened.doubts(offset=1e30)[0]


def test_probabilities_that_are_no_shares_of_a_whole_are_doubted(imported: Importer, tmp_path: Path) -> None:
    each = zoo.function(lambda tf, x: tf.sigmoid(x @ zoo.weights(64, 10)), (None, 64))
    (tmp_path / "each.tflite").write_bytes(zoo.converted_function(each))
    imported(tmp_path / "each.tflite")
    assert imported.notes.warnings[0].startswith("the probabilities of a row add up to ")


def test_a_vendors_model_is_looked_into_layer_by_layer(outside: Outside) -> None:
    found = diagnose(outside.published("digits").folder, "vendor-int8", margin=0.01)
    assert found.against == "float32"
    assert [layer.kind for layer in found.comparison.layers[:2]] == ["INPUT", "CONV_2D"]
    assert all(layer.snr_db > 15 for layer in found.comparison.layers)


def test_the_service_answers_flat_and_nested_rows_of_an_imported_model(
    outside: Outside, tmp_path: Path
) -> None:
    names = {name: name for name in ("float32", "vendor-int8")}  # each is proved before it is served
    bundle = publish_renamed(outside.published("digits"), tmp_path / "models", names)
    rows = bundle.test_set()[0][:3]
    with running_service(tmp_path / "models", tmp_path / "log") as service:
        for variant in names:
            expected = answers(bundle, variant, rows)
            for given in (rows, rows.reshape(-1, 8, 8, 1)):
                reply = service.client.post(
                    "/predict", params={"variant": variant}, json={"instances": given.tolist()}
                ).json()
                assert np.allclose(reply["probabilities"], expected, atol=1e-6)
                assert reply["predictions"] == expected.argmax(axis=1).tolist()


@pytest.mark.slow  # the ladder of the digits and their vendor's model shows the same of a smaller network
def test_a_small_resnet_and_its_vendors_int8(imported: Importer, shared_data: Path, tmp_path: Path) -> None:
    with np.load(shared_data / "cifar10.npz") as data:
        parts = {name: rows[: 300 if "test" in name else 100] for name, rows in data.items()}
    np.savez(tmp_path / "few.npz", **parts)
    models = shared_data / "mlperf-tiny"
    published = imported(
        models / "pretrainedResnet.tflite",
        also=(f"vendor={models / 'pretrainedResnet_quant.tflite'}",),
        data=str(tmp_path / "few.npz"),
        scale=1,
        precisions=("dynamic_int8", "int8"),
    )
    scores = {one.name: one.scores for one in published.bundle.manifest.variants}
    assert list(scores) == ["float32", "dynamic_int8", "int8", "vendor-int8"]
    assert all(one.rows == 300 and one.accuracy > 0.7 for one in scores.values())
    assert all(one.graph.batch == "any" for one in published.bundle.manifest.variants)


def test_a_wake_word_of_the_package_that_others_publish(
    imported: Importer, trained_stores: Path, tmp_path: Path
) -> None:
    path = wake_word(trained_stores / "wake-word")
    steps = np.random.default_rng(0).normal(size=(400, 16, 96))
    np.save(tmp_path / "sounds.npy", 2 * steps.cumsum(axis=1).astype(np.float32))
    published = imported(
        path,
        data=str(tmp_path / "sounds.npy"),
        unlabelled=True,
        scale=None,
        precisions=("int8",),
    )
    manifest = published.bundle.manifest
    assert (manifest.input.shape, manifest.task) == ((16, 96), "binary")
    assert [one.name for one in manifest.variants] == ["float32", "int8"]
    assert all(one.scores.agreement > 0.9 for one in manifest.variants)
