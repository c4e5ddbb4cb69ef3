"""What the whole suite shares: two models, trained and published by the project itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import TrainConfig
from training.pipeline import train


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with `digits` (images, ten int labels) and `breast_cancer` (vectors, two str labels)."""
    store = tmp_path_factory.mktemp("models")
    for data in ("digits", "breast_cancer"):
        train(TrainConfig(data=data, model="mlp", epochs=10), store)
    return store
