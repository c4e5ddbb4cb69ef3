"""The three fields on data that others have published: what a user may expect of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import TrainConfig
from training.runs.pipeline import train

pytestmark = pytest.mark.slow


def accuracies(config: TrainConfig, store: Path) -> dict[str, float]:
    return {row.variant: row.scores.accuracy for row in train(config, store).evaluations}


def test_speech_is_told_apart_by_speaker(shared_data: Path, tmp_path: Path) -> None:
    data = str(shared_data / "japanese_vowels.npz")
    found = accuracies(TrainConfig(data=data, model="rnn", epochs=60, variants=("int8",)), tmp_path)
    assert found["float32"] >= 0.95
    assert found["int8"] >= 0.94


def test_news_are_told_apart_by_topic(shared_data: Path, tmp_path: Path) -> None:
    data = str(shared_data / "reuters_r8.csv.gz")
    config = TrainConfig(
        data=data, label="label", text=("text",), split="split", model="cnn", variants=("int8",)
    )
    found = accuracies(config, tmp_path)
    assert found["float32"] >= 0.94
    assert found["int8"] >= 0.935
