from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from bundle.manifest import InputSpec
from training.errors import OptionError
from training.models import build, require_possible, time_steps

VECTOR = InputSpec(kind="vector", shape=(7,))
IMAGE = InputSpec(kind="image", shape=(5, 6))
COLOUR = InputSpec(kind="image", shape=(4, 4, 3))
SEQUENCE = InputSpec(kind="sequence", shape=(6, 3))


@pytest.mark.parametrize("spec", [VECTOR, IMAGE, COLOUR, SEQUENCE], ids=lambda spec: str(spec.shape))
@pytest.mark.parametrize("architecture", ["mlp", "cnn", "rnn"])
def test_every_architecture_takes_flat_rows_of_every_kind(architecture: Any, spec: InputSpec) -> None:
    model = build(architecture, spec, 3, hidden=(4, 5))
    answers = np.asarray(model(np.random.default_rng(0).normal(size=(2, spec.features)).astype(np.float32)))
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


def test_a_recurrent_model_of_too_many_steps_is_refused() -> None:
    with pytest.raises(OptionError, match="784 steps; at most 256"):
        require_possible("rnn", InputSpec(kind="vector", shape=(784,)))
    require_possible("mlp", InputSpec(kind="vector", shape=(784,)))


def test_no_layer_carries_code() -> None:
    layers = [part for name in ("mlp", "cnn", "rnn") for part in build(name, IMAGE, 3, hidden=(4,)).layers]
    assert not any(isinstance(layer, keras.layers.Lambda) for layer in layers)
