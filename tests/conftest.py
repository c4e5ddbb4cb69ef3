"""What the whole suite shares: real data by path, and two models that the project itself has published."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from bundle.store import ModelStore
from training.config import TrainConfig
from training.pipeline import train

_REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SHARED_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}; SHARED_DATA can name another")
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A store with `digits` (images, ten int labels) and `breast_cancer` (vectors, two str labels).

    Whoever of several test processes comes first trains them; the others wait.
    """
    base = tmp_path_factory.getbasetemp()
    store = (base if worker_id == "master" else base.parent) / "models"
    with FileLock(f"{store}.lock"):
        for data in ("digits", "breast_cancer"):
            if not ModelStore(store).versions(data):
                train(TrainConfig(data=data, model="mlp", epochs=10), store)
    return store
