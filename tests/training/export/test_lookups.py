from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from bundle.fields import TextField
from bundle.manifest import InputSpec
from bundle.normalizer import FloatArray, Normalizer
from bundle.runtimes.litert import LiteRTRuntime
from training.export import writer
from training.export.lookups import with_lookups
from training.export.makers import Source, make
from training.models.architectures import build

TOKENS, WORDS, NUMBERS = 6, 500, 32
FIELD = TextField(name="t", tokens=TOKENS)
SPEC = InputSpec(kind="text", shape=(TOKENS,), fields=(FIELD,), vocabulary=WORDS)
ROWS = np.random.default_rng(0).integers(0, WORDS, (9, TOKENS)).astype(np.float32)
AS_IT_IS = Normalizer("standardize", TOKENS, np.zeros(TOKENS, np.float32), np.ones(TOKENS, np.float32))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    import keras

    keras.utils.set_random_seed(1)
    folder: Path = tmp_path_factory.mktemp("texts")
    model = build("cnn", SPEC, 3, hidden=(8,), unroll=True, embedding=NUMBERS)
    model.get_layer("embedding").embeddings.assign(np.random.default_rng(0).normal(size=(WORDS, NUMBERS)))
    writer.save_graph(model, folder)
    return Source(folder, ROWS, TOKENS)


@pytest.fixture(scope="module")
def plain(source: Source) -> bytes:
    return make(source, "float32")


def answers(content: bytes, rows: FloatArray = ROWS) -> FloatArray:
    return LiteRTRuntime(content, normalizer=AS_IT_IS, classes=3, tokens=TOKENS).predict(rows)


def operators(content: bytes) -> list[int]:
    model: Any = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
    codes = [max(one.builtinCode, one.deprecatedBuiltinCode) for one in model.operatorCodes]
    return [codes[one.opcodeIndex] for one in model.subgraphs[0].operators]


def test_a_graph_with_lookups_answers_the_same_numbers_at_any_batch_size(plain: bytes) -> None:
    found, numbers = with_lookups(plain)
    assert numbers == [NUMBERS]
    assert schema.BuiltinOperator.GATHER in operators(plain)
    assert schema.BuiltinOperator.GATHER not in operators(found)
    assert schema.BuiltinOperator.EMBEDDING_LOOKUP in operators(found)
    for batch in (1, 2, 9):
        assert np.array_equal(answers(found, ROWS[:batch]), answers(plain, ROWS[:batch]))


def test_a_graph_that_looks_nothing_up_is_left_as_it_is(plain: bytes) -> None:
    once, _ = with_lookups(plain)
    assert with_lookups(once) == (once, [])


@pytest.mark.parametrize(("precision", "bytes_a_word"), [("weight_int8", NUMBERS), ("weight_int4", 18)])
def test_the_words_have_the_bits_of_the_precision(
    precision: str, bytes_a_word: int, source: Source, plain: bytes
) -> None:
    content = make(source, precision)
    others = len(plain) - WORDS * NUMBERS * 4
    assert len(content) < WORDS * bytes_a_word + others
    assert np.abs(answers(content) - answers(plain)).max() < 0.2
