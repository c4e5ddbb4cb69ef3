"""What the tests of training share: a model that is trained once."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import TrainConfig
from training.runs.pipeline import train
from training.runs.run import Published


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def breast_cancer(store: Path) -> Published:
    """The default model on data whose features differ by five orders of magnitude, with every variant."""
    return train(TrainConfig(data="breast_cancer", epochs=15), store)
