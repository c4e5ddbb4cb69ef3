"""What the whole suite shares: real data by path, and models that the project itself has published."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from bundle.store import ModelStore
from tests.field_data import write_codes, write_loans
from training.config import TrainConfig
from training.runs.pipeline import train

_REPOSITORY = Path(__file__).parents[1]

# A machine that is busy elsewhere is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

TrainAll = Callable[[str, Mapping[str, TrainConfig]], Path]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SHARED_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}; SHARED_DATA can name another")
    return folder


@pytest.fixture(scope="session")
def train_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> TrainAll:
    """Publish models in a store of that name. Of several test processes the first trains; the others wait."""
    base = tmp_path_factory.getbasetemp()

    def train_once(name: str, configs: Mapping[str, TrainConfig]) -> Path:
        store = (base if worker_id == "master" else base.parent) / name
        with FileLock(f"{store}.lock"):
            for model, config in configs.items():
                if not ModelStore(store).versions(model):
                    train(config, store)
        return store

    return train_once


@pytest.fixture(scope="session")
def models(train_once: TrainAll) -> Path:
    """A store with `digits` (images, ten int labels) and `breast_cancer` (vectors, two str labels)."""
    names = ("digits", "breast_cancer")
    return train_once("models", {name: TrainConfig(data=name, model="mlp", epochs=10) for name in names})


@pytest.fixture(scope="session")
def field_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `loans.csv` and `codes.csv`; see `tests.field_data`."""
    folder = tmp_path_factory.mktemp("field-data")
    write_loans(folder / "loans.csv")
    write_codes(folder / "codes.csv")
    return folder


@pytest.fixture(scope="session")
def field_models(field_data: Path, train_once: TrainAll) -> Path:
    """A store with `loans` (objects of numbers, a category and a text) and `codes` (texts of one word)."""
    loans = TrainConfig(
        data=str(field_data / "loans.csv"),
        label="decision",
        text=("note",),
        missing="fill",
        model="cnn",
        hidden=(16,),
        epochs=20,
        variants=("float32", "float16", "dynamic_int8", "int8", "tensorflow"),
    )
    codes = TrainConfig(
        data=str(field_data / "codes.csv"),
        label="parity",
        text=("code",),
        split="part",
        hidden=(16, 16),
        epochs=8,
        learning_rate=0.02,
        variants=("float32", "float16", "dynamic_int8", "int8"),
    )
    return train_once("field-models", {"loans": loans, "codes": codes})
