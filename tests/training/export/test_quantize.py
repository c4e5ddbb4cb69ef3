from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from bundle.manifest import InputSpec
from bundle.normalizer import Normalizer
from bundle.runtimes import open_runtime
from bundle.runtimes.litert import LiteRTRuntime
from training.errors import ConversionError
from training.export import writer
from training.export.converter import SAVED_MODEL, check, convert
from training.export.quantize import Probe, convert_all
from training.models import architectures
from training.runs.run import Published

TFLITE = ["float32", "float16", "weight_int8", "dynamic_int8", "int8", "weight_int4", "int16x8"]
SEQUENCE = InputSpec(kind="sequence", shape=(6, 3))
VECTOR = InputSpec(kind="vector", shape=(12,))


def rows(spec: InputSpec, count: int = 71) -> Any:
    return np.random.default_rng(0).normal(size=(count, spec.features)).astype(np.float32)


@pytest.mark.parametrize(
    ("architecture", "cell", "spec"),
    [("rnn", "lstm", SEQUENCE), ("rnn", "gru", SEQUENCE), ("cnn", "lstm", VECTOR)],
    ids=["lstm", "gru", "cnn of a plain vector"],
)
def test_every_variant_answers_as_keras_does_at_any_batch_size(
    architecture: Any, cell: Any, spec: InputSpec, tmp_path: Path
) -> None:
    keras.utils.set_random_seed(1)
    model = architectures.build(architecture, spec, 3, hidden=(8,), cell=cell, unroll=True)
    if architecture == "rnn":
        # As if trained: biases are no longer 0. It is they that int16x8 loses in a GRU of the wrong kind.
        random = np.random.default_rng(1)
        model.set_weights(
            [2 * weight + random.normal(0, 0.3, weight.shape) for weight in model.get_weights()]
        )
    x = rows(spec)
    expected = np.asarray(model(x))
    of_a_constant = np.abs(expected - expected.mean(axis=0)).mean()
    assert of_a_constant > 0.02
    writer.save_graph(model, tmp_path)
    as_it_is = Normalizer("minmax", spec.features, *(np.full(spec.features, n, np.float32) for n in (0, 1)))
    for name in TFLITE:
        content = convert(tmp_path / SAVED_MODEL, name, x)
        runtime = LiteRTRuntime(content, normalizer=as_it_is, classes=3)
        for batch in (1, 7, 32):
            error = np.abs(runtime.predict(x[:batch]) - expected[:batch])
            assert error.max() < {"float32": 1e-5, "float16": 0.01}.get(name, 0.25), (name, batch)
            assert error.mean() < of_a_constant / 2, (name, batch)


def test_16x8_says_that_it_cannot_have_token_ids(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes no whole numbers, which token ids are"):
        convert(tmp_path, "int16x8", np.zeros((2, 4), np.float32), 2)


def test_a_conversion_that_crashes_does_not_take_us_with_it(tmp_path: Path) -> None:
    loop = keras.Sequential(
        [
            keras.Input(batch_shape=(1, 18)),
            keras.layers.Reshape((6, 3)),
            keras.layers.LSTM(8),
            keras.layers.Dense(3),
        ]
    )
    archive = keras.export.ExportArchive()
    archive.track(loop)
    archive.add_endpoint("serve", loop.__call__, input_signature=[keras.InputSpec("float32", shape=(1, 18))])
    archive.write_out(str(tmp_path / SAVED_MODEL), verbose=False)
    x = rows(SEQUENCE)
    with Probe(x, x, np.zeros((len(x), 3), np.float32), 0).in_folder(tmp_path):
        failures = convert_all(tmp_path, ["int8"])
    assert failures["int8"].startswith("the converter was killed by SIGSEGV")
    assert [path.name for path in tmp_path.iterdir()] == [SAVED_MODEL]


def fake(code: str) -> list[str]:
    """Return a converter that is a real process, and does as it is told."""
    return [sys.executable, "-c", "import os, sys, time\n" + textwrap.dedent(code)]


def test_a_dying_converter_is_replaced_by_one_that_makes_the_rest(tmp_path: Path) -> None:
    converter = fake("""
        for name in sys.argv[2:]:
            print("begin", name, flush=True)
            if name == "b":
                print("of a broken heart", file=sys.stderr, flush=True)
                os.abort()
            if name == "d":
                sys.exit(7)
            print("failed too hard" if name == "c" else "done", flush=True)
    """)
    assert convert_all(tmp_path, ["a", "b", "c", "d", "e"], command=converter) == {
        "b": "the converter was killed by SIGABRT: of a broken heart",
        "c": "too hard",
        "d": "the converter ended with exit code 7",
    }


def test_a_converter_that_hangs_is_stopped(tmp_path: Path) -> None:
    converter = fake("""
        for name in sys.argv[2:]:
            print("begin", name, flush=True)
            if name == "a":
                time.sleep(600)
            print("done", flush=True)
    """)
    failures = convert_all(tmp_path, ["a", "b"], command=converter, timeout_s=1.0)
    assert failures == {"a": "the converter was stopped after 1 s"}


def test_a_converter_that_cannot_begin_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    converter = fake("raise SystemExit('no such library')")
    with pytest.raises(ConversionError, match="exit code 1 before it had begun: no such library"):
        convert_all(tmp_path, ["a"], command=converter)


@pytest.fixture(scope="module")
def float32(breast_cancer: Published) -> tuple[bytes, Any, Any, int]:
    """A graph, normalised rows, what it should answer to them, and how many weights it has."""
    manifest, bundle = breast_cancer.bundle.manifest, breast_cancer.bundle
    raw = bundle.test_set()[0][:71]
    weights = manifest.provenance.hyperparameters["weights"]
    assert isinstance(weights, int)
    assert weights == (30 + 1) * 64 + (64 + 1) * 64 + 64 + 1
    return (
        bundle.read(bundle.variant("float32").files[0]),
        manifest.normalizer.build(30).apply(raw),
        open_runtime(bundle, "tensorflow").predict(raw),
        weights,
    )


def test_a_graph_that_is_the_model_passes(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    check("float32", content, x, expected, weights)


def test_a_graph_that_lost_its_weights_is_refused(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    with pytest.raises(ValueError, match=r"weights need"):
        check("float32", content, x, expected, weights * 1000)


def test_a_graph_that_answers_otherwise_is_refused(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    with pytest.raises(ValueError, match="away from Keras"):
        check("float32", content, x, np.roll(expected, 1, axis=1), weights)


def test_a_quantised_graph_that_tells_nothing_is_refused_and_one_that_errs_is_not(
    float32: tuple[bytes, Any, Any, int],
) -> None:
    content, x, expected, weights = float32
    check("int8", content, x, np.clip(expected + 0.1, 0, 1), weights)
    with pytest.raises(ValueError, match="no nearer than a constant would be"):
        check("int8", content, x, expected[::-1], weights)


def test_answers_that_are_not_finite_are_refused(float32: tuple[bytes, Any, Any, int]) -> None:
    content, x, expected, weights = float32
    with pytest.raises(ValueError, match="not finite"):
        check("int8", content, np.full_like(x, np.nan), expected, weights)
