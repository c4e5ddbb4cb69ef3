"""A service of other things than rows of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.running_service import running_service


@pytest.fixture(scope="package")
def fields(field_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A service of texts and of tables."""
    log = tmp_path_factory.mktemp("fields") / "log"
    with running_service(field_models, log, "--preload", "float32,int8") as service:
        yield service.client
        assert "Traceback" not in log.read_text()
