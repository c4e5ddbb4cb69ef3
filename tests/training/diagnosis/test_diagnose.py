from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.bundle import open_bundle
from bundle.manifest import Manifest
from tests.training import broken
from tests.training.broken import Workshop
from training.cli.app import main
from training.diagnosis.diagnose import diagnose, near_calls, reference_of
from training.diagnosis.findings import Diagnosis
from training.errors import OptionError
from training.report.diagnosis import sentences
from training.runs.run import Published

MARGIN = 0.01


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.opened(tmp_path_factory.mktemp("broken"))


@pytest.fixture(scope="module")
def sound(shop: Workshop) -> Path:
    return broken.sound(shop)


def causes(found: Diagnosis) -> list[str]:
    return list(dict.fromkeys(finding.cause for finding in found.findings))


def test_a_sound_variant_has_no_finding(sound: Path) -> None:
    found = diagnose(sound, "int8", margin=MARGIN)
    assert causes(found) == []
    assert found.comparison.unmatched == ()
    assert [layer.kind for layer in found.comparison.layers] == ["INPUT", *["FULLY_CONNECTED"] * 3, "SOFTMAX"]
    assert all(layer.snr_db > 20 for layer in found.comparison.layers)


@pytest.mark.parametrize(
    ("breaking", "expected", "said", "tried"),
    [
        (
            broken.one_scale,
            ("one scale for all features",),
            "of 16 features span less than 16",
            "one scale in float",
        ),
        (
            broken.narrow,
            ("rows beyond the calibration", "saturated input", "saturated activations"),
            "16 of 16 features leave the range that was calibrated with",
            "Train again on data that has rows like these",
        ),
        (broken.saturating, ("saturated activations",), "FULLY_CONNECTED second_1", "Calibrate with rows"),
        (broken.outliers, ("coarse weights",), "100% of the channels", "outliers out of the weights"),
        (broken.noisy, ("noisy layer",), "FULLY_CONNECTED first_1", "Make the layer wider"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_variant_that_is_broken_in_one_way_is_found_to_be(
    shop: Workshop, breaking: Callable[[Workshop], Path], expected: tuple[str, ...], said: str, tried: str
) -> None:
    found = diagnose(breaking(shop), "int8", margin=MARGIN)
    assert found.pairs.lost > found.pairs.gained
    assert causes(found)[: len(expected)] == list(expected)  # what comes of it may follow
    text = "\n".join(sentences(found, MARGIN))
    assert said in text.partition("Try:")[0]
    assert tried in text.partition("Try:")[2]
    assert text.index(f"{found.pairs.lost:,} lost") < text.index("Found:") < text.index("Try:")


def test_variants_that_training_makes_are_looked_into_as_well(breast_cancer: Published) -> None:
    folder = breast_cancer.bundle.folder
    noise = {}
    for name in ("float16", "dynamic_int8", "int8", "int16x8"):
        found = diagnose(folder, name, margin=MARGIN)
        assert found.comparison.unmatched == ()
        assert causes(found) == []
        noise[name] = 10 ** (-found.comparison.layers[1].snr_db / 10)
    assert noise["float16"] < noise["int16x8"] < noise["int8"]


def test_the_weights_of_a_variant_that_runs_in_floats_are_judged_as_they_are_stored(
    breast_cancer: Published,
) -> None:
    found = diagnose(breast_cancer.bundle.folder, "weight_int8", margin=MARGIN)
    weights = [layer.weights for layer in found.comparison.layers if layer.weights]
    assert weights
    assert all(one.outlier > 1 for one in weights)


def test_training_says_what_it_calibrated_with(breast_cancer: Published) -> None:
    calibration = breast_cancer.bundle.manifest.calibration
    assert calibration is not None
    assert calibration.rows == 410  # all training rows: there are less than 500
    assert len(calibration.low) == len(calibration.high) == 30
    assert all(low < high for low, high in zip(calibration.low, calibration.high, strict=True))


def test_the_program_prints_the_layers_and_what_to_try(
    sound: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", str(sound), "--variant", "int8"]) == 0
    output = capfd.readouterr()
    assert "int8 against float32, layer by layer" in output.out
    assert "FULLY_CONNECTED" in output.out
    assert "Found: nothing that stands out." in output.out
    assert "Try:\n1. " in output.out
    assert "comparing layers" in output.err


def test_other_rows_than_the_test_set_can_be_looked_at(
    sound: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    x, y = open_bundle(sound).test_set()
    np.savez(tmp_path / "hotter.npz", x=x * 1.8, y=y)
    assert main(["diagnose", str(sound), "--variant", "int8", "--data", str(tmp_path / "hotter.npz")]) == 0
    assert "rows beyond the calibration" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("variant", "against", "said"),
    [
        ("tensorflow", None, "tensorflow is no .tflite graph, and cannot be looked into; float32, float16"),
        ("float32", None, "--variant and --against are both float32"),
        ("int8", "tensorflow", "tensorflow is no .tflite graph"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    breast_cancer: Published, variant: str, against: str | None, said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        diagnose(breast_cancer.bundle.folder, variant, against=against, margin=MARGIN)


def test_a_bundle_of_texts_is_refused_in_words_of_ours(field_models: Path) -> None:
    with pytest.raises(OptionError, match="loans/1 reads texts; only graphs of numbers can be looked into"):
        diagnose(field_models / "loans" / "1", "int8", margin=MARGIN)


def _manifest(published: Published, *variants: dict[str, Any], reference: str) -> Manifest:
    """Return the manifest of a bundle with these variants in place of its own."""
    whole = published.bundle.manifest
    made = tuple(whole.variants[0].model_copy(update=fields) for fields in variants)
    return whole.model_copy(update={"variants": made, "reference": reference})


def _of(manifest: Manifest) -> dict[str, str]:
    return {one.name: reference_of(manifest, one) for one in manifest.variants}


def test_the_reference_is_the_float32_of_the_same_graph_where_there_is_one(breast_cancer: Published) -> None:
    manifest = _manifest(
        breast_cancer,
        {"name": "float32", "precision": None},
        {"name": "int8", "precision": None},
        {"name": "w0.5-float32", "precision": "float32", "width": 0.5},
        {"name": "w0.5-int8", "precision": "int8", "width": 0.5},
        {"name": "w0.25-int8", "precision": "int8", "width": 0.25},
        {"name": "small-float32", "precision": "float32", "network": "small"},
        {"name": "small-int8", "precision": "int8", "network": "small"},
        {"name": "vendor", "precision": "int8", "network": "vendor"},
        reference="float32",
    )
    assert _of(manifest) == {
        "float32": "float32",
        "int8": "float32",
        "w0.5-float32": "w0.5-float32",
        "w0.5-int8": "w0.5-float32",
        "w0.25-int8": "float32",
        "small-float32": "small-float32",
        "small-int8": "small-float32",
        "vendor": "float32",
    }


@pytest.mark.parametrize(
    ("variant", "what"), [(0, "given is the reference"), (1, "int8 is compared with given")]
)
def test_where_all_that_was_given_is_quantised_there_is_nothing_to_look_into_it_against(
    breast_cancer: Published, variant: int, what: str
) -> None:
    manifest = _manifest(
        breast_cancer,
        {"name": "given", "precision": "int8"},
        {"name": "int8", "precision": "int8", "network": "other"},
        reference="given",
    )
    with pytest.raises(OptionError, match=f"{what}, which is quantised itself, .* say --against"):
        reference_of(manifest, manifest.variants[variant])


def test_near_calls_are_rows_lost_that_the_reference_hardly_knew() -> None:
    y = np.array([0, 0, 0, 1])
    expected = np.array([[0.52, 0.48], [0.9, 0.1], [0.51, 0.49], [0.51, 0.49]], np.float32)
    answers = np.array([[0.4, 0.6], [0.4, 0.6], [0.6, 0.4], [0.4, 0.6]], np.float32)
    assert near_calls(y, answers, expected) == 1
