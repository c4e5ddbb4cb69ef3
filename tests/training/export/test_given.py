"""The ladder of a graph that somebody else made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils

from bundle.manifest import GraphSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.litert import LiteRTRuntime
from tests.training.export.given import Given, lay, made, save
from training.export.converter import check, find_batch
from training.export.makers import Source, made_of, make
from training.export.probe import Probe
from training.export.quantizer import ranges_of, recipe_of
from training.export.worker import convert_all
from training.imports.opening import open_model
from training.precisions import BY_NAME, GIVEN, LADDER, SAVED_MODEL

MADE = tuple(one.name for one in LADDER if one.name not in ("float32", SAVED_MODEL))


def answers(given: Given, content: bytes) -> FloatArray:
    """Return what a graph answers to the rows that its network is checked with, one by one."""
    features = given.probe.rows.shape[1]
    as_it_is = Normalizer("minmax", features, *(np.full(features, n, np.float32) for n in (0, 1)))
    runtime = LiteRTRuntime(
        content,
        normalizer=as_it_is,
        classes=given.probe.expected.shape[1],
        shape=given.probe.shape,
        graph=GraphSpec(batch="one"),
    )
    return runtime.predict(given.probe.rows)


@pytest.mark.parametrize("precision", MADE)
@pytest.mark.parametrize("network", ["dense", "convolved", "reshaped"])
def test_every_precision_is_made_of_it_smaller_and_near_it_with_floats_at_its_borders(
    network: str, precision: str, tmp_path: Path
) -> None:
    given, content = lay(network, tmp_path), made(network, precision)
    found, expected = answers(given, content), given.probe.expected
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.85
    assert np.abs(found - expected).mean() < {"weight_int4": 0.08}.get(precision, 0.02)
    assert len(content) < len(given.content)
    interpreter: Any = Interpreter(model_content=content)
    borders = *interpreter.get_input_details(), *interpreter.get_output_details()
    assert [border["dtype"] for border in borders] == [np.float32, np.float32]


def test_in_float32_it_is_the_file_itself(tmp_path: Path) -> None:
    given = lay("dense", tmp_path)
    assert make(given.source, "float32") == given.content


def test_tensorflow_has_nothing_to_run_of_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"imported as a \.tflite; TensorFlow has nothing to run"):
        make(lay("dense", tmp_path).source, SAVED_MODEL)


def as_imported(network: str, precision: str, folder: Path) -> Given:
    """Put a network into a folder as if its file had been in that precision."""
    given, content = lay(network, folder), made(network, precision)
    (folder / GIVEN).write_bytes(content)
    return replace(given, content=content, given_as=precision)


def test_of_one_in_integers_nothing_is_made_but_itself(tmp_path: Path) -> None:
    given = as_imported("dense", "int8", tmp_path)
    assert make(given.source, "int8") == given.content
    for precision in ("float32", "dynamic_int8"):
        with pytest.raises(ValueError, match="imported in int8, of which it cannot be made"):
            make(given.source, precision)


@pytest.mark.parametrize("network", ["dense", "convolved"])
@pytest.mark.parametrize("given_as", ["float16", "weight_int8", "dynamic_int8"])
def test_of_one_that_computes_in_floats_what_is_coarser_is_made(
    network: str, given_as: str, tmp_path: Path
) -> None:
    given = as_imported(network, given_as, tmp_path)
    precisions = [name for name in made_of(given_as) if name != given_as]
    assert precisions[-2:] == ["int8", "int16x8"] or "weight_int4" in precisions
    for precision in precisions:
        content = make(given.source, precision)
        error = np.abs(answers(given, content) - given.probe.expected).mean()
        assert error < {"weight_int4": 0.08}.get(precision, 0.02)
        assert len(content) < 1.3 * len(made(network, precision))


def test_a_precision_that_nothing_in_it_can_have_is_refused(tmp_path: Path) -> None:
    given = lay("pooled", tmp_path)
    assert make(given.source, "dynamic_int8")
    with pytest.raises(ValueError, match="no weights that ai-edge-quantizer could make 4 bits of"):
        make(given.source, "weight_int4")


def test_a_file_of_before_2020_is_quantised_alike(tmp_path: Path) -> None:
    given = lay("convolved", tmp_path)
    model: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(given.content))
    for code in model.operatorCodes:
        code.builtinCode = 0
    (tmp_path / GIVEN).write_bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    content = make(given.source, "int8")
    assert np.abs(answers(given, content) - given.probe.expected).mean() < 0.02


def test_ranges_are_those_of_all_rows_however_rare(tmp_path: Path) -> None:
    given = lay("dense", tmp_path)
    rows = given.probe.calibration.copy()
    rows[0, 0], rows[1, 0] = 50, -60
    ranges = ranges_of(given.content, recipe_of(BY_NAME["int8"]), rows)
    ends = [(float(one["min"].min()), float(one["max"].max())) for one in ranges.values()]
    assert (-60, 50) in ends


def test_a_process_makes_them_and_says_how_each_wants_to_be_asked(tmp_path: Path) -> None:
    given = lay("reshaped", tmp_path)
    with given.probe.in_folder(tmp_path):
        outcome = convert_all(tmp_path, ["float32", "int8", SAVED_MODEL])
    assert outcome.graphs == dict.fromkeys(("float32", "int8"), GraphSpec(batch="one"))
    assert outcome.failures == {
        SAVED_MODEL: "it was imported as a .tflite; TensorFlow has nothing to run",
    }
    assert {path.name for path in tmp_path.iterdir()} == {GIVEN, "float32.tflite", "int8.tflite"}
    for precision in outcome.graphs:
        content = (tmp_path / f"{precision}.tflite").read_bytes()
        assert np.abs(answers(given, content) - given.probe.expected).max() < 0.1


@pytest.mark.parametrize("precision", ["int8", "weight_int8"])
def test_a_saved_model_of_rows_with_a_shape_is_calibrated_in_that_shape(
    precision: str, tmp_path: Path
) -> None:
    probe = save("convolved", tmp_path / SAVED_MODEL)
    content = make(Source(tmp_path, probe.calibration, shape=probe.shape), precision)
    assert find_batch(precision, content, probe, check(precision, content, probe)) == GraphSpec()


def test_a_published_network_is_smaller_in_integers_and_answers_much_alike(
    shared_data: Path, tmp_path: Path
) -> None:
    network, images = shared_data / "mlperf-tiny" / "pretrainedResnet.tflite", shared_data / "cifar10.npz"
    if not (network.exists() and images.exists()):
        pytest.skip(f"there is no {network}, or no {images}")
    facts = open_model(network, tmp_path, trust=False)
    with np.load(images) as arrays:
        x = arrays["x_train"][:160].reshape(160, -1).astype(np.float32)
    given = Given(tmp_path, network.read_bytes(), Probe(x[:60], x[60:], x[:, :10], facts.weights))
    given = replace(given, probe=replace(given.probe, shape=facts.shape, source="the model"))
    expected = answers(given, (tmp_path / GIVEN).read_bytes())
    probe = replace(given.probe, expected=expected)
    for precision in ("dynamic_int8", "int8"):
        content = make(given.source, precision)
        assert len(content) < len(given.content) / 3
        alone = check(precision, content, probe)
        assert (alone.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.9
        assert find_batch(precision, content, probe, alone) == GraphSpec()
