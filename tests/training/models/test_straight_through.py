from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from bundle.fields import TextField
from bundle.manifest import InputSpec
from training.export import writer
from training.export.makers import Source, make
from training.models.architectures import build
from training.models.straight_through import StraightThrough, grids
from training.precisions import FOUR_BITS

VECTOR = InputSpec(kind="vector", shape=(7,))  # odd: its weights share bytes from one unit to the next
SEQUENCE = InputSpec(kind="sequence", shape=(3, 3))
TEXT = InputSpec(kind="text", shape=(5,), fields=(TextField(name="t", tokens=5),), vocabulary=40)


def trained(architecture: Any, spec: InputSpec, *, cell: Any = "lstm", embedding: int = 32) -> Any:
    import keras

    keras.utils.set_random_seed(3)
    model = build(architecture, spec, 4, hidden=(6,), cell=cell, unroll=True, embedding=embedding)
    random = np.random.default_rng(3)
    model.set_weights([random.normal(0, 0.3, weight.shape) for weight in model.get_weights()])
    return model


def in_the_file(model: Any, folder: Path) -> list[Any]:
    """Return the 4-bit tensors of the file that is made of a model, as the floats that they stand for."""
    writer.save_graph(model, folder)
    tokens = sum(one.shape[1] for one in model.inputs if one.name == "tokens")
    content = make(Source(folder, np.zeros((1, 9), np.float32), tokens), FOUR_BITS)
    read: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    (graph,) = read.subgraphs
    return [_floats(read, graph, tensor) for tensor in graph.tensors if tensor.type == schema.TensorType.INT4]


def _floats(read: Any, graph: Any, tensor: Any) -> Any:
    held = np.asarray(read.buffers[tensor.buffer].data, np.uint8)
    nibbles = np.stack([held & 15, held >> 4], axis=1).reshape(-1)[: np.prod(tensor.shape)].astype(np.int8)
    levels = np.where(nibbles > 7, nibbles - 16, nibbles).astype(np.float32)
    details = tensor.quantization.details
    if details is None:
        return levels.reshape(tensor.shape) * np.array(tensor.quantization.scale, np.float32)[:, None]
    scales = read.buffers[graph.tensors[details.scales].buffer].data
    of_blocks = np.asarray(scales, np.uint8).view(np.float16).astype(np.float32)
    return (levels.reshape(-1, details.blockSize) * of_blocks[:, None]).reshape(tensor.shape)


@pytest.mark.parametrize(
    ("architecture", "spec", "options", "count"),
    [
        pytest.param("mlp", VECTOR, {}, 2, id="mlp"),
        pytest.param("cnn", SEQUENCE, {}, 2, id="cnn: the dense layers alone"),
        pytest.param("rnn", SEQUENCE, {"cell": "lstm"}, 3, id="lstm"),
        pytest.param("mlp", TEXT, {"embedding": 64}, 3, id="embedding with a scale for each block"),
        pytest.param("mlp", TEXT, {"embedding": 6}, 3, id="embedding with a scale for each word"),
    ],
)
def test_the_file_holds_the_weights_that_were_rounded(
    architecture: Any, spec: InputSpec, options: Any, count: int, tmp_path: Path
) -> None:
    model = trained(architecture, spec, **options)
    before = [grid.variable.numpy() for grid in grids(model)]
    StraightThrough(model).round()
    rounded = [grid.variable.numpy() for grid in grids(model)]
    assert len(rounded) == count
    assert all((new != old).mean() > 0.5 for new, old in zip(rounded, before, strict=True))
    held = in_the_file(model, tmp_path)
    for weights in rounded:  # a graph has those of a layer turned, and those of an embedding as they are
        known = [either for one in held for either in (one, one.T) if either.shape == weights.shape]
        assert any(np.allclose(one, weights, rtol=1e-6, atol=0) for one in known)


def test_a_word_of_an_odd_count_of_numbers_keeps_8_bits(tmp_path: Path) -> None:
    model = trained("mlp", TEXT, embedding=5)
    assert [grid.embeds for grid in grids(model)] == [False, False]
    assert {one.shape for one in in_the_file(model, tmp_path)} == {(6, 5), (4, 6)}


def test_what_is_rounded_once_stays_where_it_is() -> None:
    model = trained("mlp", TEXT)
    rounded = StraightThrough(model)
    rounded.round()
    once = model.get_weights()
    rounded.round()
    assert all(np.array_equal(a, b) for a, b in zip(once, model.get_weights(), strict=True))


def test_the_answers_are_those_of_rounded_weights_and_the_weights_are_not_touched() -> None:
    model, rows = trained("rnn", SEQUENCE, cell="gru"), np.ones((2, 9), np.float32)
    before = model.get_weights()
    rounded = StraightThrough(model)
    answers = rounded(rows, training=False).numpy()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert not np.allclose(answers, model(rows).numpy(), atol=1e-4)
    rounded.round()
    assert np.allclose(answers, model(rows).numpy(), atol=1e-6)


def test_a_weight_has_the_gradient_that_it_would_have_if_it_lay_where_it_is_rounded_to() -> None:
    import tensorflow as tf

    model, rows = trained("mlp", VECTOR), np.ones((2, 7), np.float32)

    def gradients(call: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(call(rows, training=True)))
        return [one.numpy() for one in tape.gradient(loss, model.trainable_variables)]

    straight = gradients(StraightThrough(model))
    StraightThrough(model).round()
    for a, b in zip(straight, gradients(model), strict=True):
        assert np.allclose(a, b, atol=1e-6)
        assert np.abs(a).max() > 0
