"""One service for all tests of versions that come and go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from tests.running_service import RunningService, running_service
from tests.service.repository.moving import Moving, moving_model


@pytest.fixture(scope="session")
def moving_store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store to which each test brings a model of its own."""
    return ModelStore(tmp_path_factory.mktemp("moving"))


@pytest.fixture(scope="session")
def watching(moving_store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that looks into that store without pause; a model named `default` is its default."""
    log = tmp_path_factory.mktemp("watching") / "log"
    bounds = ("--preload", "int8,float32", "--threads", "2", "--reload-s", "0.02", "--max-wait-ms", "60000")
    arguments = ("--default-model", "default", *bounds)
    with running_service(moving_store.root, log, *arguments, ready=False) as service:
        yield service


@pytest.fixture
def moving(
    watching: RunningService, moving_store: ModelStore, digits: Bundle, request: pytest.FixtureRequest
) -> Iterator[Moving]:
    """A model with one version, which serves."""
    name = f"of-{request.function.__name__}"[:64]
    with moving_model(name, digits, moving_store, watching) as moving:
        yield moving
