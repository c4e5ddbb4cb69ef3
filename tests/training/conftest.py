"""What the tests of training share: real data by path, and a model that is trained once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from training.config import TrainConfig
from training.pipeline import Published, train

_REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SHARED_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}; SHARED_DATA can name another")
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def breast_cancer(store: Path) -> Published:
    """The default model on data whose features differ by five orders of magnitude, with every variant."""
    return train(TrainConfig(data="breast_cancer", epochs=15), store)
