"""One service for all tests that do not need one of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from bundle.bundle import Bundle
from bundle.normalizer import FloatArray
from bundle.runtimes import open_runtime
from bundle.store import ModelStore
from tests.conftest import TrainAll
from tests.running_service import running_service
from training.config import TrainConfig


@pytest.fixture(scope="session")
def client(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    log = tmp_path_factory.mktemp("service") / "log"
    with running_service(models, log, "--default-model", "digits", "--max-rows", "200") as service:
        yield service.client


@pytest.fixture(scope="session")
def slow_models(train_once: TrainAll) -> Path:
    """A store with a `digits` whose int16x8 takes some 150 microseconds for a row."""
    config = TrainConfig(data="digits", epochs=1, hidden=(512, 512), variants=("int16x8",))
    return train_once("slow-models", {"digits": config})


@pytest.fixture(scope="session")
def digits(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


@pytest.fixture(scope="session")
def rows(digits: Bundle) -> FloatArray:
    """Nine raw test rows of the digits model."""
    return digits.test_set()[0][:9]


@pytest.fixture(scope="session")
def expected(digits: Bundle, rows: FloatArray) -> dict[str, FloatArray]:
    """What each variant answers to `rows`, computed in this process."""
    names = [variant.name for variant in digits.manifest.variants]
    return {name: np.asarray(open_runtime(digits, name).predict(rows)) for name in names}
