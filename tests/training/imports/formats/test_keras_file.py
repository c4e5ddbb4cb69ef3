from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.imports import zoo
from training.errors import ImportedModelError
from training.imports.facts import Facts
from training.imports.formats.keras_file import open_model
from training.precisions import SAVED_MODEL

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras, saving


def opened(model: Any, path: Path, *, trust: bool = False) -> Facts:
    model.save(path)
    (facts,) = open_model(path, path.parent, trust=trust)
    return facts


def refusal(model: Any, path: Path, *, trust: bool = False) -> str:
    with pytest.raises(ImportedModelError) as caught:
        opened(model, path, trust=trust)
    assert {found.name for found in path.parent.iterdir()} == {path.name}
    return str(caught.value)


def exported(folder: Path, rows: Any) -> Any:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / SAVED_MODEL))
    return loaded.signatures["serving_default"](rows=tf.constant(rows))["answers"].numpy()


def operations(folder: Path) -> set[str]:
    """Return the kinds of operations of what was exported, those of functions in it as well."""
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    found = SavedModel()
    found.ParseFromString((folder / SAVED_MODEL / "saved_model.pb").read_bytes())
    graph = found.meta_graphs[0].graph_def
    functions = [node for function in graph.library.function for node in function.node_def]
    return {node.op for node in (*graph.node, *functions)}


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_keras_file_is_left_as_a_saved_model_that_answers_as_it_does(ending: str, tmp_path: Path) -> None:
    model = zoo.classifier()
    facts = opened(model, tmp_path / f"theirs{ending}")
    assert (facts.format, facts.shape, facts.columns) == ("keras", zoo.SHAPE, zoo.CLASSES)
    assert (facts.bounded, facts.is_float, facts.batch) == (True, True, "any")
    assert facts.weights == model.count_params()
    assert exported(tmp_path, zoo.rows()) == pytest.approx(np.asarray(model(zoo.rows())), abs=1e-5)
    assert {found.name for found in tmp_path.iterdir()} == {f"theirs{ending}", SAVED_MODEL}


def test_loops_over_time_are_unrolled(tmp_path: Path) -> None:
    import keras

    reader = keras.layers.Bidirectional(keras.layers.LSTM(2))
    model = keras.Sequential([keras.Input((2, 2)), reader, keras.layers.Dense(1, activation="sigmoid")])
    facts = opened(model, tmp_path / "theirs.keras")
    assert (facts.shape, facts.columns, facts.bounded, facts.batch) == ((2, 2), 1, True, "any")
    assert not {
        operation for operation in operations(tmp_path) if "While" in operation or operation == "Enter"
    }


def _lambda(keras: Any) -> Any:
    return keras.layers.Lambda(lambda x: x * 2, output_shape=(4,), name="double")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_file_that_holds_code_is_opened_only_where_it_is_trusted(ending: str, tmp_path: Path) -> None:
    import keras

    layers = [_lambda(keras), keras.layers.Dense(3, activation="softmax")]
    model = keras.Sequential([keras.Input((4,)), *layers])
    assert refusal(model, tmp_path / f"theirs{ending}") == (
        "holds code, as Lambda layers do (double): give --trust if you know where the file comes from: "
        "it runs the code in it"
    )
    assert opened(model, tmp_path / f"theirs{ending}", trust=True).columns == 3


def test_code_that_is_not_in_the_file_is_told_by_its_name(tmp_path: Path) -> None:
    import keras

    class Double(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 2

    model = keras.Sequential([keras.Input((4,)), Double(), keras.layers.Dense(3)])
    assert refusal(model, tmp_path / "theirs.keras", trust=True) == (
        "needs `Double`, which is no part of Keras, and whose code is not in the file: export it as a "
        "SavedModel where that code is"
    )


def _two_inputs(keras: Any) -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    return keras.Model([a, b], keras.layers.Dense(3)(a + b))


def _two_outputs(keras: Any) -> Any:
    a = keras.Input((4,))
    return keras.Model(a, [keras.layers.Dense(3)(a), keras.layers.Dense(2)(a)])


def _of_any_size(keras: Any) -> Any:
    image = keras.Input((None, None, 1))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(image)))


def _stateful(keras: Any) -> Any:
    steps = keras.Input(batch_shape=(1, 2, 2))
    return keras.Model(steps, keras.layers.Dense(3)(keras.layers.GRU(2, stateful=True)(steps)))


def _autoencoder(keras: Any) -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2), keras.layers.Dense(4, "sigmoid")])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_two_inputs, "has 2 inputs (a, b); export it with one input of rows and one output of scores"),
        (_two_outputs, "has 2 outputs ("),
        (_of_any_size, "takes rows of no fixed size, (batch, ?, ?, 1): export it with fixed sizes"),
        (_stateful, "keeps state from one call to the next (AssignVariableOp)"),
        (_autoencoder, "answers as many numbers as it is given, 4, "),
    ],
)
def test_a_model_that_is_no_classifier_of_rows_is_refused(make: Any, sentence: str, tmp_path: Path) -> None:
    import keras

    assert refusal(make(keras), tmp_path / "theirs.keras").startswith(sentence)


def test_weights_without_a_model_are_refused(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        file["kernel"] = np.zeros(3)
    with pytest.raises(ImportedModelError, match="holds no model, but weights alone, if any"):
        next(open_model(tmp_path / "theirs.h5", tmp_path, trust=False))


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    for name, start in {"a.keras": b"PK\x03\x04", "a.h5": b"\x89HDF\r\n\x1a\n"}.items():
        (tmp_path / name).write_bytes(start + bytes(200))
        with pytest.raises(ImportedModelError, match=r"is no Keras file|is a damaged HDF5 file"):
            next(open_model(tmp_path / name, tmp_path, trust=False))
