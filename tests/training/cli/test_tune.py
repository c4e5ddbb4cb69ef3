from __future__ import annotations

from pathlib import Path

import pytest

from bundle.store import ModelStore
from tests.training.cli.program import run
from training.cli.app import main
from training.config import TrainConfig
from training.errors import TrainingError
from training.search.config import SearchConfig


@pytest.mark.slow
def test_tune_ends_with_the_front_a_bundle_and_an_exit_code_that_says_whether_the_demands_are_met(
    tmp_path: Path,
) -> None:
    options = ["--data", "iris", "--epochs", "2", "--trials", "2", "--models", str(tmp_path)]
    options += ["--max-accuracy-drop", "0.9", "--max-row-us", "0.000001", "--out", str(tmp_path / "out")]
    done = run("tune", *options)
    assert done.returncode == 1, done.stderr
    assert "Not met: a row takes" in done.stdout
    assert "0 untuned" in done.stdout
    assert "WARNING" not in done.stderr
    assert (tmp_path / "out" / "front.png").read_bytes().startswith(b"\x89PNG")
    assert ModelStore(tmp_path).versions("iris") == [1]


def test_tune_hands_every_option_of_a_training_to_the_untuned_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[SearchConfig] = []

    def tuning(config: SearchConfig, *_: object) -> None:
        told.append(config)
        raise TrainingError("that will do")

    monkeypatch.setattr("training.search.tuning.Tuning", tuning)
    options = "--hidden 128,64 --class-weights --loss mse --normalize minmax --test-size 0.3 --patience 2"
    own = "--max-accuracy-drop 0 --max-row-us 5 --variants int8 --learning-rate 0.5"
    assert main(["tune", "--data", "iris", *options.split(), *own.split()]) == 2
    expected = TrainConfig(
        data="iris",
        hidden=(128, 64),
        class_weights=True,
        loss="mse",
        normalize="minmax",
        test_size=0.3,
        patience=2,
        learning_rate=0.5,
    )
    assert told == [
        SearchConfig(base=expected, max_accuracy_drop=0, max_row_us=5, variants=("float32", "int8"))
    ]
