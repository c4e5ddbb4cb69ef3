from __future__ import annotations

import pytest
from pydantic import ValidationError

from training.config import TrainConfig
from training.precisions import VARIANTS


@pytest.mark.parametrize(("model", "hidden"), [("mlp", (64, 64)), ("cnn", (16, 48)), ("rnn", (64,))])
def test_hidden_defaults_to_what_suits_the_architecture(model: str, hidden: tuple[int, ...]) -> None:
    assert TrainConfig.model_validate({"data": "iris", "model": model}).hidden == hidden


def test_hidden_that_is_given_is_kept() -> None:
    assert TrainConfig(data="iris", model="rnn", hidden=(8, 4)).hidden == (8, 4)


def test_float32_is_always_a_variant_and_the_order_is_the_ladders() -> None:
    assert TrainConfig(data="iris", variants=("int8", "float16")).variants == ("float32", "float16", "int8")
    assert TrainConfig(data="iris").variants == VARIANTS


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"test_size": 1.0},
        {"validation_size": 0.0},
        {"patience": 0},
        {"seed": -1},
        {"hidden": (0,)},
        {"variants": ()},
        {"variants": ("int4",)},
        {"widths": ()},
        {"widths": (0.0,)},
        {"widths": (float("inf"),)},
        {"colour": "red"},
    ],
)
def test_values_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrainConfig.model_validate({"data": "iris"} | wrong)


def test_a_config_cannot_be_changed() -> None:
    config = TrainConfig(data="iris")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(config, "epochs", 3)  # noqa: B010 - mypy would rightly refuse the plain assignment
