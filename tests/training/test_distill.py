from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.manifest import InputSpec
from training.config import TrainConfig
from training.distill import Lesson, soften
from training.fit import fit, make_repeatable
from training.models import build

SPEC = InputSpec(kind="vector", shape=(6,))
X = np.random.default_rng(0).normal(size=(120, 6)).astype(np.float32)
Y = np.arange(120) % 3


class Teacher:
    """Answers as it was told, whatever the rows."""

    def __init__(self, answer: list[float]) -> None:
        self._answer = np.array([answer], np.float32)

    def __call__(self, rows: Any, *, training: bool) -> Any:
        assert not training
        return np.repeat(self._answer, len(rows), axis=0)


@given(st.lists(st.floats(-8, 8), min_size=2, max_size=5), st.floats(1, 20))
def test_softened_probabilities_are_those_of_softened_logits(drawn: list[float], temperature: float) -> None:
    logits = np.array([drawn])
    powers = np.exp(logits / temperature)
    softened = soften((np.exp(logits) / np.exp(logits).sum()).astype(np.float32), temperature)
    assert softened == pytest.approx(powers / powers.sum(), abs=2e-3)


def test_the_loss_is_the_one_worked_out_by_hand() -> None:
    p, q, temperature, weight = np.array([[0.6, 0.3, 0.1]]), np.array([[0.5, 0.25, 0.25]]), 2.0, 0.25
    targets = Lesson(Teacher(q[0].tolist()), temperature, weight).targets(X[:1], np.array([1]))
    loss = Lesson(None, temperature, weight).loss(
        keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(p.astype(np.float32))
    )
    roots_p, roots_q = np.sqrt(p) / np.sqrt(p).sum(), np.sqrt(q) / np.sqrt(q).sum()
    soft = -(roots_q * np.log(roots_p)).sum()
    assert float(loss[0]) == pytest.approx(0.75 * -np.log(0.3) + 0.25 * 4 * soft, rel=1e-5)


def test_two_classes_have_a_column_each_in_what_is_learnt() -> None:
    targets = Lesson(Teacher([0.8]), 1.0, 0.5).targets(X[:2], np.array([0, 1]))
    assert targets == pytest.approx(np.array([[0, 0.2, 0.8], [1, 0.2, 0.8]]))


@pytest.mark.parametrize(("classes", "answer"), [(2, [0.8]), (3, [0.2, 0.7, 0.1])])
def test_a_student_that_hears_its_teacher_alone_answers_as_the_teacher_does(
    classes: int, answer: list[float]
) -> None:
    make_repeatable(1)
    model = build("mlp", SPEC, classes, hidden=(8,))
    config = TrainConfig(data="x", epochs=15, batch_size=8, patience=15, learning_rate=0.02)
    part = (X, Y % classes)  # labels that say otherwise
    fit(model, part, part, config, lesson=Lesson(Teacher(answer), 3.0, 1.0))
    assert np.asarray(model(X)).mean(axis=0) == pytest.approx(answer, abs=0.03)


def test_accuracy_is_that_of_the_labels_whatever_the_teacher_says() -> None:
    make_repeatable(1)
    model = build("mlp", SPEC, 3, hidden=(8,))
    config = TrainConfig(data="x", epochs=1, optimizer="sgd", learning_rate=1e-9)
    history = fit(model, (X, Y), (X, Y), config, lesson=Lesson(Teacher([0.1, 0.1, 0.8]), 3.0, 0.5))
    right = np.asarray(model(X)).argmax(axis=1) == Y
    assert history[0].validation_accuracy == pytest.approx(right.mean(), abs=1e-6)
