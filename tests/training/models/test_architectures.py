from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bundle.fields import NumberField, TextField
from bundle.manifest import InputSpec
from training.errors import OptionError
from training.models.architectures import build, needs_twin, require_possible, time_steps

VECTOR = InputSpec(kind="vector", shape=(7,))
IMAGE = InputSpec(kind="image", shape=(5, 6))
COLOUR = InputSpec(kind="image", shape=(4, 4, 3))
SEQUENCE = InputSpec(kind="sequence", shape=(6, 3))
PADDED = InputSpec(kind="sequence", shape=(6, 3), padded=True)
TEXT = InputSpec(kind="text", shape=(5,), fields=(TextField(name="t", tokens=5),), vocabulary=50)
TABLE = InputSpec(
    kind="table",
    shape=(10,),
    fields=(
        TextField(name="a", tokens=5),
        NumberField(name="n", missing="filled"),
        TextField(name="b", tokens=3),
    ),
    vocabulary=50,
)


@pytest.mark.parametrize(
    "spec",
    [VECTOR, IMAGE, COLOUR, SEQUENCE, PADDED, TEXT, TABLE],
    ids=lambda spec: f"{spec.kind}{spec.shape}",
)
@pytest.mark.parametrize("architecture", ["mlp", "cnn", "rnn"])
def test_every_architecture_takes_flat_rows_of_every_kind(architecture: Any, spec: InputSpec) -> None:
    model = build(architecture, spec, 3, hidden=(4, 5))
    answers = np.asarray(model(np.random.default_rng(0).uniform(0, 9, (2, spec.features)).astype(np.float32)))
    assert answers.shape == (2, 3)
    assert answers.sum(axis=1) == pytest.approx(1)


def test_two_classes_end_in_one_sigmoid_unit() -> None:
    model = build("mlp", VECTOR, 2, hidden=(64, 64))
    assert model.output_shape == (None, 1)
    assert model.count_params() == (7 + 1) * 64 + (64 + 1) * 64 + 64 + 1


@pytest.mark.parametrize(
    ("spec", "layer"), [(VECTOR, "Conv1D"), (SEQUENCE, "Conv1D"), (IMAGE, "Conv2D"), (COLOUR, "Conv2D")]
)
def test_a_cnn_has_as_many_dimensions_as_its_rows(spec: InputSpec, layer: str) -> None:
    names = [type(part).__name__ for part in build("cnn", spec, 3, hidden=(4, 8)).layers]
    assert names.count(layer) == 2


@pytest.mark.parametrize(
    ("spec", "steps"), [(VECTOR, (7, 1)), (SEQUENCE, (6, 3)), (IMAGE, (5, 6)), (COLOUR, (4, 12))]
)
def test_a_recurrent_model_reads_steps(spec: InputSpec, steps: tuple[int, int]) -> None:
    assert time_steps(spec) == steps


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_an_unrolled_twin_with_the_same_weights_gives_the_same_answers(cell: Any) -> None:
    loop = build("rnn", SEQUENCE, 3, hidden=(4, 4), cell=cell)
    twin = build("rnn", SEQUENCE, 3, hidden=(4, 4), cell=cell, unroll=True)
    twin.set_weights(loop.get_weights())
    rows = np.random.default_rng(0).normal(size=(5, 18)).astype(np.float32)
    assert np.asarray(twin(rows)) == pytest.approx(np.asarray(loop(rows)), abs=1e-6)


@pytest.mark.parametrize("spec", [TEXT, TABLE], ids=["text", "table"])
@pytest.mark.parametrize("architecture", ["mlp", "cnn", "rnn"])
def test_the_twin_of_a_model_of_texts_takes_ids_apart_and_answers_alike(
    architecture: Any, spec: InputSpec
) -> None:
    random = np.random.default_rng(0)
    plain = spec.features - spec.tokens
    rows = random.normal(size=(4, spec.features)).astype(np.float32)
    rows[:, plain:] = random.integers(0, 50, (4, spec.tokens))
    model = build(architecture, spec, 3, hidden=(4, 6), embedding=7)
    twin = build(architecture, spec, 3, hidden=(4, 6), embedding=7, unroll=True)
    twin.set_weights(model.get_weights())
    feeds = {"tokens": rows[:, plain:].astype(np.int32)} | ({"rows": rows[:, :plain]} if plain else {})
    assert needs_twin(architecture, spec)
    assert np.asarray(twin(feeds)) == pytest.approx(np.asarray(model(rows)), abs=1e-6)


@pytest.mark.parametrize(
    ("architecture", "units"), [("mlp", (4, 8, 16)), ("cnn", (4, 8, 32)), ("rnn", (4, 8, 32))]
)
def test_every_dense_layer_of_a_model_of_texts_follows_hidden_and_the_width(
    architecture: Any, units: tuple[int, ...]
) -> None:
    model = build(architecture, TABLE, 3, hidden=(8, 16, 32), width=0.5)
    texts = [model.get_layer(f"text0_{number}") for number in range(2)]
    sizes = [layer.filters if architecture == "cnn" else layer.units for layer in texts]
    assert (*sizes, model.get_layer("joined").units) == units
    assert model.get_layer("numbers").units == 32


def test_an_mlp_of_texts_with_one_hidden_layer_has_it_after_the_words() -> None:
    assert build("mlp", TEXT, 3, hidden=(8,)).get_layer("joined").units == 8


def test_what_fills_a_sequence_up_is_read_before_it_and_not_after() -> None:
    model = build("rnn", PADDED, 3, hidden=(4,), cell="gru")
    backwards = next(layer for layer in model.layers if layer.__class__.__name__ == "GRU")
    assert backwards.go_backwards
    straight = build("rnn", SEQUENCE, 3, hidden=(4,), cell="gru")
    straight.set_weights(model.get_weights())
    rows = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)
    assert np.asarray(model(rows.reshape(2, 18))) == pytest.approx(
        np.asarray(straight(rows[:, ::-1].reshape(2, 18))), abs=1e-6
    )


def test_a_text_of_too_many_words_is_refused_for_a_recurrent_model() -> None:
    long = InputSpec(kind="text", shape=(300,), fields=(TextField(name="t", tokens=300),), vocabulary=9)
    with pytest.raises(OptionError, match="300 steps; at most 256"):
        require_possible("rnn", long)
    require_possible("cnn", long)


def test_a_recurrent_model_of_too_many_steps_is_refused() -> None:
    with pytest.raises(OptionError, match="784 steps; at most 256"):
        require_possible("rnn", InputSpec(kind="vector", shape=(784,)))
    require_possible("mlp", InputSpec(kind="vector", shape=(784,)))


def test_no_layer_carries_code() -> None:
    layers = [part for name in ("mlp", "cnn", "rnn") for part in build(name, IMAGE, 3, hidden=(4,)).layers]
    assert not any(type(layer).__name__ == "Lambda" for layer in layers)
