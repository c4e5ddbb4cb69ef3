from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.normalizer import Normalizer
from bundle.runtimes.tensorflow import TensorFlowRuntime
from tests.training.imports import zoo
from training.errors import ImportedModelError
from training.imports.facts import Facts
from training.imports.formats.saved_model import open_model
from training.precisions import SAVED_MODEL

ROWS = np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)


def opened(path: Path, folder: Path) -> Facts:
    (facts,) = open_model(path, folder, trust=False)
    return facts


def refusal(path: Path, folder: Path) -> str:
    with pytest.raises(ImportedModelError) as caught:
        opened(path, folder)
    return str(caught.value)


def served(folder: Path, rows: Any) -> Any:
    """Return what is answered to rows of four numbers, in three classes, by the runtime that serves."""
    as_it_is = Normalizer("standardize", 4, np.zeros(4, np.float32), np.ones(4, np.float32))
    return TensorFlowRuntime(folder / SAVED_MODEL, normalizer=as_it_is, classes=3).predict(rows)


def test_a_saved_model_is_left_with_one_input_of_rows_and_answers_as_before(tmp_path: Path) -> None:
    theirs = zoo.function(zoo.flat, (None, 4))
    facts = opened(zoo.saved(theirs, tmp_path / "theirs"), tmp_path)
    assert facts == Facts(
        format="saved_model", shape=(4,), columns=3, weights=12, bounded=True, is_float=True, batch="any"
    )
    assert served(tmp_path, ROWS) == pytest.approx(theirs.answer(ROWS).numpy(), abs=1e-6)


def test_variables_become_constants(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.export(str(tmp_path / "theirs"), verbose=False)
    facts = opened(tmp_path / "theirs", tmp_path)
    assert (facts.weights, facts.bounded) == (15, False)
    assert served(tmp_path, ROWS) == pytest.approx(np.asarray(model(ROWS)), abs=1e-6)
    assert not [*(tmp_path / SAVED_MODEL / "variables").iterdir()]


def test_a_batch_that_is_built_into_a_graph_stays_one(tmp_path: Path) -> None:
    fixed = zoo.function(lambda tf, x: zoo.flat(tf, tf.reshape(x, (1, 4))), (1, 4))
    assert opened(zoo.saved(fixed, tmp_path / "theirs"), tmp_path).batch == "one"
    assert served(tmp_path, ROWS[:1]) == pytest.approx(fixed.answer(ROWS[:1]).numpy(), abs=1e-6)


def test_a_graph_that_answers_large_batches_otherwise_gets_its_rows_one_by_one(tmp_path: Path) -> None:
    crowded = zoo.function(
        lambda tf, x: zoo.flat(tf, x * tf.where(tf.shape(x)[0] >= 100, -1.0, 1.0)), (None, 4)
    )
    assert opened(zoo.saved(crowded, tmp_path / "theirs"), tmp_path).batch == "one"


def test_a_batch_that_is_only_said_to_be_one_is_opened(tmp_path: Path) -> None:
    theirs = zoo.function(zoo.flat, (1, 4))
    assert opened(zoo.saved(theirs, tmp_path / "theirs"), tmp_path).batch == "any"
    assert served(tmp_path, ROWS).shape == (5, 3)


def test_a_graph_that_looks_its_numbers_up_is_tried_with_such_as_it_has(tmp_path: Path) -> None:
    def looked_up(tf: Any, x: Any) -> Any:
        return tf.nn.softmax(tf.reduce_sum(tf.gather(zoo.weights(5, 3), tf.cast(x, tf.int32)), 1))

    facts = opened(zoo.saved(zoo.function(looked_up, (None, 4)), tmp_path / "theirs"), tmp_path)
    assert (facts.columns, facts.batch) == (3, "any")


def test_bytes_are_taken_as_numbers(tmp_path: Path) -> None:
    theirs = zoo.function(lambda tf, x: zoo.flat(tf, tf.cast(x, tf.float32) / 255), (None, 4), dtype="uint8")
    assert opened(zoo.saved(theirs, tmp_path / "theirs"), tmp_path).dtype == "float32"
    rows = np.array([[0, 255, 3, 128]], np.float32)
    assert served(tmp_path, rows) == pytest.approx(theirs.answer(rows.astype(np.uint8)).numpy(), abs=1e-6)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "state": (
        lambda: zoo.function(zoo.flat, (None, 4), state=True),
        "keeps state from one call to the next (AssignAddVariableOp): export it without variables",
    ),
    "two inputs": (
        lambda: zoo.function(lambda tf, x, y: zoo.flat(tf, x + y), (None, 4), (None, 4)),
        "has 2 inputs (rows0, rows1); export it with one input of rows and one output of scores",
    ),
    "two outputs": (
        lambda: zoo.function(lambda tf, x: {"scores": zoo.flat(tf, x), "twice": x * 2}, (None, 4)),
        "has 2 outputs (scores, twice); ",
    ),
    "an open size": (
        lambda: zoo.function(lambda tf, x: zoo.flat(tf, x[:, :4]), (None, None)),
        "takes rows of no fixed size, (batch, ?): ",
    ),
    "strings": (
        lambda: zoo.function(lambda tf, x: zoo.flat(tf, tf.strings.to_number(x)), (None, 4), dtype="string"),
        "has an input of string; float32, ",
    ),
    "files": (
        lambda: zoo.function(_with_a_file, (None, 4)),
        "reaches for files, or runs Python (ReadFile): give --trust if you know where it comes from",
    ),
    "an autoencoder": (
        lambda: zoo.function(lambda tf, x: x * 2, (None, 4)),
        "answers as many numbers as it is given, 4, ",
    ),
}


def _with_a_file(tf: Any, x: Any) -> Any:
    return zoo.flat(tf, x + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32))


@pytest.mark.parametrize("kind", REFUSED)
def test_a_graph_that_is_no_classifier_of_rows_is_refused_with_what_it_has(kind: str, tmp_path: Path) -> None:
    make, sentence = REFUSED[kind]
    assert refusal(zoo.saved(make(), tmp_path / "theirs"), tmp_path).startswith(sentence)
    assert not (tmp_path / SAVED_MODEL).exists()


def test_a_saved_model_without_a_signature_is_refused(tmp_path: Path) -> None:
    import tensorflow as tf

    tf.saved_model.save(tf.Module(), str(tmp_path / "theirs"))
    assert refusal(tmp_path / "theirs", tmp_path) == (
        "has no signature `serving_default` (it has none); export it with one"
    )


def test_a_file_that_is_no_saved_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xfenothing of the kind")
    assert refusal(tmp_path, tmp_path) == "is no SavedModel: its saved_model.pb cannot be read"


def test_a_saved_model_that_has_lost_its_variables_is_refused(tmp_path: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.export(str(tmp_path / "theirs"), verbose=False)
    next((tmp_path / "theirs" / "variables").glob("*.data*")).unlink()
    assert refusal(tmp_path / "theirs", tmp_path).startswith("cannot be loaded by TensorFlow (")


def test_a_saved_model_of_2020_opens_by_its_graph_alone(shared_data: Path, tmp_path: Path) -> None:
    facts = opened(shared_data / "mlperf-tiny" / "kws_ref_model", tmp_path)
    assert (facts.shape, facts.columns, facts.bounded, facts.batch) == ((49, 10, 1), 12, True, "any")
    assert facts.weights == pytest.approx(24_908, abs=100)
