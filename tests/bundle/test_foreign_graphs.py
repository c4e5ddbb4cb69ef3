"""Graphs that others made run behind the same face: any rank, whole numbers at their ports, row by row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bundle.manifest import GraphSpec, InputSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.base import of_logits
from bundle.runtimes.litert import LiteRTRuntime
from bundle.runtimes.tensorflow import TensorFlowRuntime, import_tensorflow

SHAPE = (4, 4, 2)
FEATURES = 32
GRAPHS = ("float32", "int8", "uint8", "logits", "one", "sigmoid")


@pytest.fixture(scope="module")
def rows() -> FloatArray:
    return np.random.default_rng(3).integers(0, 256, (37, FEATURES)).astype(np.float32)


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory, rows: FloatArray) -> Mapping[str, Any]:
    """Small graphs by name, and `model`, the Keras model that all but two of them are of."""
    tf = import_tensorflow()
    import keras

    keras.utils.set_random_seed(1)
    inputs = keras.Input(batch_shape=(1, *SHAPE))
    hidden = keras.layers.Conv2D(4, 3, activation="relu")(inputs / 255.0)
    pooled = keras.layers.GlobalAveragePooling2D()(hidden)
    logits = keras.layers.Dense(3)(pooled)
    model = keras.Model(inputs, keras.layers.Softmax()(logits))
    binary = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(pooled))
    # A constant shape with the batch in it, which no resizing gets around.
    rigid = keras.Model(inputs, keras.layers.Dense(3, "softmax")(keras.layers.Flatten()(hidden)))
    folder = tmp_path_factory.mktemp("saved") / "model"
    any_batch = keras.Model.from_config(_of_any_batch(model.get_config()))
    any_batch.set_weights(model.get_weights())
    any_batch.export(str(folder), format="tf_saved_model", verbose=False)

    def convert(source: Any, kind: Any = None) -> bytes:
        converter = tf.lite.TFLiteConverter.from_keras_model(source)
        if kind is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([row.reshape(1, *SHAPE)] for row in rows)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = kind
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the converter's, of statistics that it takes itself
            content: bytes = converter.convert()
        return content

    return {
        "float32": convert(model),
        "int8": convert(model, tf.int8),
        "uint8": convert(model, tf.uint8),
        "logits": convert(keras.Model(inputs, logits)),
        "sigmoid": convert(binary),
        "one": convert(rigid),
        "folder": folder,
        "expected": np.concatenate([model(row.reshape(1, *SHAPE)) for row in rows]),
        "of_one": np.concatenate([rigid(row.reshape(1, *SHAPE)) for row in rows]),
        "of_binary": np.concatenate([binary(row.reshape(1, *SHAPE)) for row in rows]),
    }


def _of_any_batch(config: dict[str, Any]) -> dict[str, Any]:
    config["layers"][0]["config"]["batch_shape"] = (None, *SHAPE)
    return config


def opened(content: bytes, classes: int = 3, graph: GraphSpec | None = None) -> LiteRTRuntime:
    normalizer = Normalizer.given(FEATURES, channels=2)
    return LiteRTRuntime(
        content, normalizer=normalizer, classes=classes, shape=SHAPE, graph=graph or GraphSpec()
    )


@pytest.mark.parametrize(("name", "tolerance"), [("float32", 1e-5), ("int8", 0.05), ("uint8", 0.05)])
def test_a_graph_answers_rows_of_its_own_shape_in_probabilities_whatever_its_ports_are(
    graphs: Mapping[str, Any], rows: FloatArray, name: str, tolerance: float
) -> None:
    answers = opened(graphs[name]).predict(rows)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, graphs["expected"], atol=tolerance)


def test_logits_become_the_probabilities_that_they_stand_for(
    graphs: Mapping[str, Any], rows: FloatArray
) -> None:
    answers = opened(graphs["logits"], graph=GraphSpec(answers="logits")).predict(rows)
    np.testing.assert_allclose(answers, graphs["expected"], atol=1e-5)


def test_one_sigmoid_becomes_two_columns(graphs: Mapping[str, Any], rows: FloatArray) -> None:
    answers = opened(graphs["sigmoid"], classes=2).predict(rows)
    np.testing.assert_allclose(answers[:, 1:], graphs["of_binary"], atol=1e-5)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)


def test_a_graph_whose_batch_cannot_change_answers_the_same_row_by_row(
    graphs: Mapping[str, Any], rows: FloatArray
) -> None:
    with pytest.raises(ValueError, match=r"LiteRT cannot run it|answers shape"):
        opened(graphs["one"]).predict(rows)
    answers = opened(graphs["one"], graph=GraphSpec(batch="one")).predict(rows)
    np.testing.assert_allclose(answers, graphs["of_one"], atol=1e-5)


def test_a_saved_model_takes_rows_in_its_own_shape(graphs: Mapping[str, Any], rows: FloatArray) -> None:
    normalizer = Normalizer.given(FEATURES, channels=2)
    for batch in ("any", "one"):
        runtime = TensorFlowRuntime(
            graphs["folder"],
            normalizer=normalizer,
            classes=3,
            shape=SHAPE,
            graph=GraphSpec.model_validate({"batch": batch}),
        )
        np.testing.assert_allclose(runtime.predict(rows), graphs["expected"], atol=1e-5)


def test_a_model_s_own_scale_is_applied_before_its_whole_numbers_are_made(
    graphs: Mapping[str, Any], rows: FloatArray
) -> None:
    normalizer = Normalizer.given(FEATURES, channels=2, scale=255.0)
    runtime = LiteRTRuntime(graphs["uint8"], normalizer=normalizer, classes=3, shape=SHAPE)
    np.testing.assert_allclose(
        runtime.predict((rows / 255).astype(np.float32)), opened(graphs["uint8"]).predict(rows), atol=1e-6
    )


def test_logits_of_any_size_have_finite_probabilities() -> None:
    logits = np.array([[3e38, -3e38], [-3e38, -3e38], [0, 0]], np.float32)
    np.testing.assert_allclose(of_logits(logits), [[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(of_logits(logits[:, :1]), [[1.0], [0.0], [0.5]])


def test_a_tensor_may_have_any_rank_up_to_eight() -> None:
    for rank in range(1, 9):
        spec = InputSpec(kind="tensor", shape=(2,) * rank)
        assert (spec.features, spec.channels) == (2**rank, 2)
    with pytest.raises(ValueError, match="at most 8"):
        InputSpec(kind="tensor", shape=(1,) * 9)
