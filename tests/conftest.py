"""What the whole suite shares: models trained and published by the project itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.field_data import write_codes, write_loans
from training.config import TrainConfig
from training.pipeline import train

# A machine that is busy elsewhere is no fault of what is tested.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with `digits` (images, ten int labels) and `breast_cancer` (vectors, two str labels)."""
    store = tmp_path_factory.mktemp("models")
    for data in ("digits", "breast_cancer"):
        train(TrainConfig(data=data, model="mlp", epochs=10), store)
    return store


@pytest.fixture(scope="session")
def field_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `loans.csv` and `codes.csv`; see `tests.field_data`."""
    folder = tmp_path_factory.mktemp("field-data")
    write_loans(folder / "loans.csv")
    write_codes(folder / "codes.csv")
    return folder


@pytest.fixture(scope="session")
def field_models(field_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with `loans` (objects of numbers, a category and a text) and `codes` (texts of one word)."""
    store = tmp_path_factory.mktemp("field-models")
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
    for config in (loans, codes):
        train(config, store)
    return store
