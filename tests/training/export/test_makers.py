from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundle.manifest import InputSpec
from bundle.normalizer import Normalizer
from bundle.runtimes.litert import LiteRTRuntime
from training.export import writer
from training.export.makers import MAKERS, Source, make
from training.models import architectures
from training.precisions import LADDER, SAVED_MODEL

SEQUENCE = InputSpec(kind="sequence", shape=(2, 3))
VECTOR = InputSpec(kind="vector", shape=(6,))


def rows(spec: InputSpec, count: int = 32) -> Any:
    return np.random.default_rng(0).normal(size=(count, spec.features)).astype(np.float32)


def test_every_precision_names_a_maker_and_every_maker_makes_one() -> None:
    assert {precision.maker for precision in LADDER} == {*MAKERS, SAVED_MODEL}


ALL = tuple(one.name for one in LADDER if one.name != SAVED_MODEL)


@pytest.mark.parametrize(
    ("architecture", "cell", "spec", "precisions"),
    [
        pytest.param("rnn", "lstm", SEQUENCE, ALL, id="lstm"),
        pytest.param("rnn", "gru", SEQUENCE, ("int16x8",), id="gru"),
        pytest.param("rnn", "gru", SEQUENCE, ALL, id="gru, every precision", marks=pytest.mark.slow),
        pytest.param("cnn", "lstm", VECTOR, ("int8", "int16x8"), id="cnn of a plain vector"),
        pytest.param("cnn", "lstm", VECTOR, ALL, id="cnn, every precision", marks=pytest.mark.slow),
    ],
)
def test_every_variant_answers_as_keras_does_at_any_batch_size(
    architecture: Any, cell: Any, spec: InputSpec, precisions: tuple[str, ...], tmp_path: Path
) -> None:
    import keras

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
    for name in precisions:
        content = make(Source(tmp_path, x), name)
        (tmp_path / f"{name}.tflite").write_bytes(content)  # as the converter does; some are made of float32
        runtime = LiteRTRuntime(content, normalizer=as_it_is, classes=3)
        for batch in (1, 7, 32):
            error = np.abs(runtime.predict(x[:batch]) - expected[:batch])
            assert error.max() < {"float32": 1e-5, "float16": 0.01}.get(name, 0.25), (name, batch)
            assert error.mean() < of_a_constant / 2, (name, batch)


def test_16x8_says_that_it_cannot_have_token_ids(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="takes no whole numbers, which token ids are"):
        make(Source(tmp_path, np.zeros((2, 4), np.float32), 2), "int16x8")
