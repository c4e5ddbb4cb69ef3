from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bundle.manifest import InputSpec
from training.config import TrainConfig
from training.models.architectures import build
from training.models.fine_tune import fine_tune
from training.models.fit import Epoch, fit, make_repeatable
from training.models.straight_through import StraightThrough

SPEC = InputSpec(kind="vector", shape=(16,))
RANDOM = np.random.default_rng(0)
Y = np.arange(600) % 6
X = (RANDOM.normal(size=(600, 16)) + 1.5 * np.eye(16)[Y]).astype(np.float32)
TRAIN, VALIDATION = (X[:400], Y[:400]), (X[400:], Y[400:])


CONFIG = TrainConfig(data="x", hidden=(8,), learning_rate=0.01)


@pytest.fixture(scope="module")
def fitted() -> list[Any]:
    """Weights that were trained once."""
    make_repeatable(1)
    model = build("mlp", SPEC, 6, hidden=CONFIG.hidden)
    fit(model, TRAIN, VALIDATION, CONFIG)
    return list(model.get_weights())


@pytest.fixture
def model(fitted: list[Any]) -> Any:
    """A trained network, to be changed."""
    make_repeatable(1)
    model = build("mlp", SPEC, 6, hidden=CONFIG.hidden)
    model.set_weights(fitted)
    return model


def loss_of(call: Callable[..., Any]) -> float:
    rows, y = VALIDATION
    p = np.asarray(call(rows, training=False))[np.arange(len(y)), y]
    return float(-np.log(p).mean())


def test_what_is_fine_tuned_has_rounded_weights_of_less_validation_loss_than_plain_rounding_gives(
    model: Any,
) -> None:
    plain = loss_of(StraightThrough(model))
    passed: list[Epoch] = []
    kept = fine_tune(model, TRAIN, VALIDATION, CONFIG, on_epoch=passed.append)
    assert [epoch.number for epoch in passed] == [1, 2]
    assert kept > 0
    tuned = loss_of(model)
    assert tuned == pytest.approx(passed[kept - 1].validation_loss, rel=1e-5)
    assert tuned < plain
    before = model.get_weights()
    StraightThrough(model).round()
    assert all(np.allclose(a, b, rtol=1e-6) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("options", [{"learning_rate": 10.0}, {"fine_tune_epochs": 0}])
def test_where_it_does_not_help_no_epoch_is_kept(options: Any, model: Any) -> None:
    assert fine_tune(model, TRAIN, VALIDATION, CONFIG.model_copy(update=options)) == 0


def test_it_ends_where_patience_does(model: Any) -> None:
    passed: list[Epoch] = []
    worse = CONFIG.model_copy(update={"learning_rate": 10.0, "fine_tune_epochs": 10, "patience": 3})
    assert fine_tune(model, TRAIN, VALIDATION, worse, on_epoch=passed.append) == 0
    assert [epoch.number for epoch in passed] == [1, 2, 3]


def test_the_same_seed_gives_the_same_weights(model: Any) -> None:
    begun = model.get_weights()
    outcomes = []
    for _ in range(2):
        model.set_weights(begun)
        make_repeatable(CONFIG.seed)
        fine_tune(model, TRAIN, VALIDATION, CONFIG)
        outcomes.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*outcomes, strict=True))
