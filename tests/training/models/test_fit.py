from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bundle.manifest import InputSpec
from training.config import TrainConfig
from training.errors import DivergedError
from training.models.architectures import build
from training.models.fit import Epoch, best, fit, make_repeatable

SPEC = InputSpec(kind="image", shape=(4, 4))
RANDOM = np.random.default_rng(0)
Y = np.arange(90) % 3
X = (RANDOM.normal(size=(90, 16)) + 2 * np.eye(16)[Y]).astype(np.float32)
TRAIN, VALIDATION = (X[:60], Y[:60]), (X[60:], Y[60:])


def run(seed: int = 1, weights: Any = None, **options: Any) -> tuple[Any, list[Epoch]]:
    make_repeatable(seed)
    config = TrainConfig(data="x", hidden=(4,), **options)
    model = build(config.model, SPEC, 3, hidden=config.hidden)
    return model, fit(model, TRAIN, VALIDATION, config, weights=weights)


def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not() -> None:
    first, again = (run(1, epochs=1, model="cnn")[0].get_weights() for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    begun = []
    for seed in (1, 2):
        make_repeatable(seed)
        begun.append(build("mlp", SPEC, 3, hidden=(4,)).get_weights())
    assert not all(np.array_equal(a, b) for a, b in zip(*begun, strict=True))


def test_what_is_trained_learns() -> None:
    y = Y % 2
    make_repeatable(1)
    model = build("mlp", SPEC, 2, hidden=(16,))
    rows = (X + 2 * np.eye(16)[y]).astype(np.float32)
    config = TrainConfig(data="x", loss="mse", epochs=20, learning_rate=0.01)
    history = fit(model, (rows[:60], y[:60]), (rows[60:], y[60:]), config)
    assert history[-1].loss < history[0].loss
    assert best(history).validation_accuracy > 0.8


def test_mean_squared_error_is_taken_against_one_hot_rows() -> None:
    model, history = run(loss="mse", epochs=1, optimizer="sgd", learning_rate=1e-9)
    squares = (np.asarray(model(X[60:])) - np.eye(3)[Y[60:]]) ** 2
    assert history[0].validation_loss == pytest.approx(squares.mean(), rel=1e-4)


@pytest.mark.parametrize(
    ("loss", "weights", "expected"),
    [
        ("mse", [1, 1], 0.025),
        ("cross_entropy", [1, 1], 0.1643),
        ("cross_entropy", [0, 1], 0.0821),  # -(1/n) Σ y ln p, as published: class 0 adds nothing
    ],
)
def test_the_worked_example_is_what_training_reports(
    loss: str, weights: list[float], expected: float
) -> None:
    p, y = np.array([0.9, 0.1, 0.8, 0.2]), np.array([1, 0, 1, 0])
    model = build("mlp", InputSpec(kind="vector", shape=(1,)), 2, hidden=())
    model.set_weights([np.ones((1, 1), np.float32), np.zeros(1, np.float32)])
    rows = np.log(p / (1 - p))[:, None].astype(np.float32)  # of which the sigmoid is p
    options = {"data": "x", "loss": loss, "epochs": 1, "optimizer": "sgd", "learning_rate": 1e-9}
    config = TrainConfig.model_validate(options)
    history = fit(model, (rows, y), (rows, y), config, weights=np.array(weights, np.float32))
    assert history[0].loss == pytest.approx(expected, abs=5e-5)


def test_training_stops_early_and_keeps_the_best_weights() -> None:
    model, history = run(epochs=200, learning_rate=0.05, patience=3)
    kept = best(history)
    assert len(history) == kept.number + 3 < 200
    p = np.asarray(model(VALIDATION[0]))[np.arange(30), VALIDATION[1]]
    assert -np.log(p).mean() == pytest.approx(kept.validation_loss, rel=1e-3)


def test_class_weights_change_what_is_learnt() -> None:
    weighed, _ = run(epochs=3, learning_rate=0.05, weights=np.array([0.1, 20, 0.1], np.float32))
    rows = np.zeros((1, 16), np.float32)  # nothing speaks for any class
    answers = np.asarray(weighed(rows))[0]
    assert answers[1] > answers[[0, 2]].max() + 0.05  # without weights, 1 is the least


@pytest.mark.parametrize(("loss", "classes", "optimizer"), [("cross_entropy", 3, "adam"), ("mse", 2, "sgd")])
def test_the_arithmetic_is_that_of_keras(loss: str, classes: int, optimizer: str) -> None:
    import keras

    y = Y % classes
    weights = np.array([2, 1, 0.5], np.float32)[:classes]
    options = {"data": "x", "loss": loss, "optimizer": optimizer, "epochs": 4, "batch_size": 60}
    config = TrainConfig.model_validate(options)  # all rows a step, so that their order is of no account
    make_repeatable(1)
    ours, theirs = (build("mlp", SPEC, classes, hidden=(8,)) for _ in range(2))
    theirs.set_weights(ours.get_weights())
    names = {("cross_entropy", 3): "sparse_categorical_crossentropy", ("mse", 2): "mean_squared_error"}
    theirs.compile(keras.optimizers.get(optimizer), loss=names[loss, classes], metrics=["accuracy"])
    theirs.optimizer.learning_rate = config.learning_rate
    targets = y[:, None].astype(np.float32) if classes == 2 else y
    expected = theirs.fit(
        X[:60],
        targets[:60],
        sample_weight=weights[y[:60]],
        validation_data=(X[60:], targets[60:]),
        epochs=4,
        batch_size=60,
        verbose=0,
    ).history
    history = fit(ours, (X[:60], y[:60]), (X[60:], y[60:]), config, weights=weights)
    assert [epoch.loss for epoch in history] == pytest.approx(expected["loss"], rel=1e-5)
    assert [epoch.validation_loss for epoch in history] == pytest.approx(expected["val_loss"], rel=1e-5)
    assert [epoch.validation_accuracy for epoch in history] == pytest.approx(expected["val_accuracy"])


def test_every_row_is_met_once_an_epoch_where_the_batches_do_not_come_out_even() -> None:
    model, history = run(optimizer="sgd", learning_rate=1e-9, epochs=1, batch_size=7)  # and one of 4
    p = np.asarray(model(TRAIN[0]))[np.arange(60), TRAIN[1]]
    assert history[0].loss == pytest.approx(-np.log(p).mean(), rel=1e-4)


def test_what_the_watcher_raises_ends_the_training() -> None:
    seen: list[int] = []

    def stop(epoch: Epoch) -> None:
        seen.append(epoch.number)
        if epoch.number == 2:
            raise KeyboardInterrupt

    make_repeatable(1)
    config = TrainConfig(data="x", epochs=5)
    with pytest.raises(KeyboardInterrupt):
        fit(build("mlp", SPEC, 3, hidden=(4,)), TRAIN, VALIDATION, config, on_epoch=stop)
    assert seen == [1, 2]


def test_a_loss_that_is_no_number_ends_the_run_with_advice() -> None:
    make_repeatable(1)
    model = build("mlp", SPEC, 3, hidden=(8,))
    x = np.full((60, 16), 1e30, np.float32)
    config = TrainConfig(data="x", optimizer="sgd", learning_rate=10.0)
    with pytest.raises(DivergedError, match="a smaller one"):
        fit(model, (x, Y[:60]), (x, Y[:60]), config)
