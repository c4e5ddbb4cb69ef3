from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.training.imports import zoo
from tests.training.imports.conftest import Graphs
from training.errors import ImportedModelError
from training.imports.facts import Facts
from training.imports.formats.tflite import open_model
from training.precisions import GIVEN


def opened(content: bytes, folder: Path) -> Facts:
    """Return the last that is told of a graph."""
    path = folder / "theirs.tflite"
    path.write_bytes(content)
    return [*open_model(path, folder, trust=False)][-1]


def refusal(content: bytes, folder: Path) -> str:
    with pytest.raises(ImportedModelError) as caught:
        opened(content, folder)
    assert not (folder / GIVEN).exists()
    return str(caught.value)


def answers(content: bytes, rows: Any) -> Any:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    found = []
    for row in rows:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], row[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    return np.concatenate(found)


def test_a_graph_without_a_signature_is_given_one_and_answers_as_before(
    graphs: Graphs, tmp_path: Path
) -> None:
    theirs = graphs("float32")
    assert not Interpreter(model_content=theirs).get_signature_list()
    facts = opened(theirs, tmp_path)
    ours = (tmp_path / GIVEN).read_bytes()
    signatures = Interpreter(model_content=ours).get_signature_list()
    assert signatures == {"serving_default": {"inputs": ["rows"], "outputs": ["answers"]}}
    assert np.array_equal(answers(ours, zoo.rows()), answers(theirs, zoo.rows()))
    names = [tensor["name"] for tensor in Interpreter(model_content=ours).get_tensor_details()]
    assert len(set(names)) == len(names)
    assert {"image"} & {name.split(":")[0].removeprefix("serving_default_") for name in names}
    assert facts == Facts(
        format="tflite",
        shape=zoo.SHAPE,
        columns=zoo.CLASSES,
        weights=facts.weights,
        bounded=True,
        is_float=True,
        batch="any",
    )
    assert facts.weights == pytest.approx(zoo.classifier().count_params(), abs=40)  # biases of 0 are left out


def test_a_quantiser_takes_what_was_given_a_signature(graphs: Graphs, tmp_path: Path) -> None:
    opened(graphs("float32"), tmp_path)
    assert zoo.quantised((tmp_path / GIVEN).read_bytes(), weight_bits=8)


def test_a_graph_that_has_a_signature_is_left_as_it_is(graphs: Graphs, tmp_path: Path) -> None:
    opened(graphs("dynamic_int8"), tmp_path)
    assert (tmp_path / GIVEN).read_bytes() == graphs("dynamic_int8")


@pytest.mark.parametrize(
    "precision", ["float16", "dynamic_int8", "int8", "int16x8", "weight_int8", "weight_int4"]
)
def test_what_has_been_quantised_is_told_and_whether_its_borders_are_floats(
    precision: str, graphs: Graphs, tmp_path: Path
) -> None:
    facts = opened(graphs(precision), tmp_path)
    assert (facts.precision, facts.is_float) == (precision, precision != "int8")
    assert facts.weights == pytest.approx(4300, abs=60)  # the biases of integers are not counted


def test_an_integer_input_is_told_with_its_scale(graphs: Graphs, tmp_path: Path) -> None:
    facts = opened(graphs("int8"), tmp_path)
    source = Interpreter(model_content=graphs("int8")).get_input_details()[0]
    assert (facts.dtype, facts.scale, facts.zero_point) == ("int8", *source["quantization"])
    assert facts.bounded


def test_whole_numbers_that_have_no_scale_are_what_they_are(tmp_path: Path) -> None:
    raw = zoo.function(lambda tf, x: zoo.flat(tf, tf.cast(x, tf.float32)), (1, 4), dtype="uint8")
    facts = opened(zoo.converted_function(raw), tmp_path)
    assert (facts.dtype, facts.scale, facts.zero_point, facts.is_float) == ("uint8", 1.0, 0, False)


@pytest.mark.parametrize(
    ("units", "activation", "bounded"),
    [(1, "sigmoid", True), (3, "identity", False), (3, "relu6", False), (3, "tanh", None)],
)
def test_the_last_operation_tells_whether_answers_are_probabilities(
    units: int, activation: str, bounded: bool | None, tmp_path: Path
) -> None:
    head = zoo.function(
        lambda tf, x: getattr(tf.nn, activation, tf.identity)(x @ zoo.weights(4, units)), (1, 4)
    )
    facts = opened(zoo.converted_function(head), tmp_path)
    assert (facts.columns, facts.bounded) == (units, bounded)


def test_a_graph_that_cannot_be_resized_or_mixes_its_rows_runs_one_by_one(tmp_path: Path) -> None:
    halves = zoo.weights(2, 2)
    fixed = zoo.function(
        lambda tf, x: zoo.flat(tf, tf.reshape(tf.reshape(x, (2, 2)) @ halves, (1, 4))), (1, 4)
    )
    assert opened(zoo.converted_function(fixed), tmp_path).batch == "one"
    mixing = zoo.function(lambda tf, x: zoo.flat(tf, x - tf.reduce_mean(x, axis=0) / 2), (None, 4))
    assert opened(zoo.converted_function(mixing), tmp_path).batch == "one"


def test_a_graph_that_looks_its_numbers_up_is_tried_with_such_as_it_has(tmp_path: Path) -> None:
    def looked_up(tf: Any, x: Any) -> Any:
        return tf.nn.softmax(tf.reduce_sum(tf.gather(zoo.weights(5, 3), tf.cast(x, tf.int32)), 1))

    facts = opened(zoo.converted_function(zoo.function(looked_up, (None, 4))), tmp_path)
    assert (facts.columns, facts.batch) == (3, "any")


def test_what_is_known_before_the_batch_is_tried_is_told_first(graphs: Graphs, tmp_path: Path) -> None:
    (tmp_path / "theirs.tflite").write_bytes(graphs("float32"))
    told = [*open_model(tmp_path / "theirs.tflite", tmp_path, trust=False)]
    assert [facts.batch for facts in told] == ["one", "any"]


REFUSED: dict[str, tuple[Any, str]] = {
    "two inputs": (
        lambda: zoo.function(lambda tf, x, y: zoo.flat(tf, x + y), (1, 4), (1, 4)),
        "has 2 inputs (",
    ),
    "two outputs": (
        lambda: zoo.function(lambda tf, x: (zoo.flat(tf, x), x * 2), (1, 4)),
        "has 2 outputs (",
    ),
    "an open sequence": (
        lambda: zoo.function(lambda tf, x: zoo.flat(tf, tf.reduce_mean(x, 1)), (1, None, 4)),
        "takes rows of no fixed size, (batch, ?, 4): export it with fixed sizes; only the batch may be open",
    ),
    "many rows at once": (
        lambda: zoo.function(zoo.flat, (8, 4)),
        "takes 8 rows at once: export it with a batch of 1, or an open one",
    ),
    "no rows": (
        lambda: zoo.function(lambda tf, x: tf.nn.softmax(x), (4,)),
        "takes an input of shape (4), not a batch of rows of one to 8 dimensions",
    ),
    "an image": (
        lambda: zoo.function(lambda tf, x: tf.reshape(x, (1, 2, 2)) + 1, (1, 4)),
        "answers shape (batch, 2, 2) where a classifier answers (batch, classes)",
    ),
    "an autoencoder": (
        lambda: zoo.function(lambda tf, x: tf.sigmoid(x @ zoo.weights(4, 4)), (1, 4)),
        "answers as many numbers as it is given, 4, and no softmax: an autoencoder, not a classifier",
    ),
    "ids": (
        lambda: zoo.function(lambda tf, x: zoo.flat(tf, tf.cast(x, tf.float32)), (1, 4), dtype="int32"),
        "has an input of int32; float32, int8, uint8, int16 can be imported",
    ),
    "classes": (
        lambda: zoo.function(lambda tf, x: tf.argmax(zoo.flat(tf, x), 1)[:, None], (1, 4)),
        "has an output of int64; float32, int8, uint8, int16 can be imported",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_graph_that_is_no_classifier_of_rows_is_refused_with_what_it_has(kind: str, tmp_path: Path) -> None:
    make, sentence = REFUSED[kind]
    assert refusal(zoo.converted_function(make()), tmp_path).startswith(sentence)


def test_a_graph_that_keeps_state_is_refused(tmp_path: Path) -> None:
    def with_variables(tf: Any, converter: Any) -> None:
        converter.experimental_enable_resource_variables = True

    counting = zoo.converted_function(zoo.function(zoo.flat, (1, 4), state=True), with_variables)
    assert refusal(counting, tmp_path).startswith("keeps state from one call to the next (ASSIGN_VARIABLE, ")


def test_an_operation_that_litert_does_not_have_is_told(tmp_path: Path) -> None:
    def with_foreign(tf: Any, converter: Any) -> None:
        converter.allow_custom_ops = True

    foreign = zoo.function(lambda tf, x: tf.nn.softmax(tf.math.betainc(x, x, x)[:, :3]), (1, 4))
    sentence = refusal(zoo.converted_function(foreign, with_foreign), tmp_path)
    assert sentence.startswith("cannot be run by LiteRT (Encountered unresolved custom op: Betainc.")
    assert "\n" not in sentence


def test_random_answers_are_refused(tmp_path: Path) -> None:
    noisy = zoo.function(lambda tf, x: zoo.flat(tf, x + tf.random.normal((1, 4))), (1, 4))
    assert refusal(zoo.converted_function(noisy), tmp_path).startswith("answers the same row differently")


def test_a_damaged_graph_is_refused(graphs: Graphs, tmp_path: Path) -> None:
    assert refusal(graphs("float32")[:5000], tmp_path) == (
        "holds no graph that LiteRT can read (The model is not a valid Flatbuffer buffer)"
    )


MLPERF_TINY: dict[str, tuple[Any, ...]] = {
    "pretrainedResnet": ((32, 32, 3), 10, "float32", "float32", 77_706),
    "pretrainedResnet_quant": ((32, 32, 3), 10, "int8", "int8", 77_360),
    "kws_ref_model_float32": ((49, 10, 1), 12, "dynamic_int8", "float32", 22_604),
    "kws_ref_model": ((49, 10, 1), 12, "int8", "int8", 22_016),
    "vww_96_float": ((96, 96, 3), 2, "float32", "float32", 210_850),
    "vww_96_int8": ((96, 96, 3), 2, "int8", "int8", 208_112),
}


@pytest.mark.parametrize("name", MLPERF_TINY)
def test_the_models_of_mlperf_tiny_open(name: str, shared_data: Path, tmp_path: Path) -> None:
    theirs = (shared_data / "mlperf-tiny" / f"{name}.tflite").read_bytes()
    facts = opened(theirs, tmp_path)
    found = (facts.shape, facts.columns, facts.precision, facts.dtype, facts.weights)
    assert found == MLPERF_TINY[name]
    assert (facts.bounded, facts.batch) == (True, "any")
    assert len(Interpreter(model_content=(tmp_path / GIVEN).read_bytes()).get_signature_list()) == 1


def test_an_autoencoder_of_mlperf_tiny_is_refused(shared_data: Path, tmp_path: Path) -> None:
    theirs = (shared_data / "mlperf-tiny" / "ad01_fp32.tflite").read_bytes()
    assert refusal(theirs, tmp_path).startswith("answers as many numbers as it is given, 640")
