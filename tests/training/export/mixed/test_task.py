from __future__ import annotations

from pathlib import Path

import numpy as np

from bundle.fields import TextField
from bundle.manifest import GraphSpec, InputSpec
from training.export import writer
from training.export.lookups import with_lookups
from training.export.makers import Source, make
from training.export.mixed.recipe import Wish
from training.export.mixed.task import STEPS, Task
from training.export.probe import Probe
from training.models.architectures import build

TOKENS, WORDS, CLASSES = 6, 500, 3
SPEC = InputSpec(kind="text", shape=(TOKENS,), fields=(TextField(name="t", tokens=TOKENS),), vocabulary=WORDS)


def test_the_table_of_words_of_a_model_of_texts_is_an_operation_too(tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(1)
    random = np.random.default_rng(0)
    model = build("cnn", SPEC, CLASSES, hidden=(8,), unroll=True, embedding=32)
    writer.save_graph(model, tmp_path)
    rows = random.integers(0, WORDS, (600, TOKENS)).astype(np.float32)
    graph, _ = with_lookups(make(Source(tmp_path, rows, TOKENS), "float32"))
    answers = np.asarray(model({"tokens": rows.astype(np.int32)}, training=False))
    probe = Probe(rows[:200], rows[:71], answers[:71], model.count_params(), TOKENS)
    task = Task(rows[200:], answers[200:].argmax(axis=1), Wish(max_accuracy_drop=0.05), GraphSpec())
    told: list[str] = []
    with task.in_folder(tmp_path):
        content = Task.read(tmp_path).perform(tmp_path, graph, probe, told.append)
        recipe = Task.recipe(tmp_path)
    assert recipe.held
    assert {one.kind: one.bits for one in recipe.operations}["EMBEDDING_LOOKUP"] <= 8
    assert len(content) < len(graph) / 3
    assert 0 < len(told) <= STEPS
    assert not [*tmp_path.glob("mixed*")]
