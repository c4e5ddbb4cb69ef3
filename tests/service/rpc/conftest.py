"""A service that answers gRPC, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_service import RunningService, running_service
from tests.service.rpc.client import Client, connected


@pytest.fixture(scope="session")
def answering(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    log = tmp_path_factory.mktemp("rpc") / "log"
    arguments = ("--default-model", "digits", "--max-rows", "200", "--max-body-bytes", "1000000")
    with running_service(models, log, "--grpc-port", "0", *arguments) as service:
        yield service


@pytest.fixture(scope="session")
def rpc(answering: RunningService) -> Iterator[Client]:
    with connected(answering) as client:
        yield client
