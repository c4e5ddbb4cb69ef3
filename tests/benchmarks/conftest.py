"""What a real run needs of the machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks import cores
from benchmarks.cores import Cores
from benchmarks.errors import BenchmarkError
from bundle.store import Bundle, ModelStore


@pytest.fixture(scope="session")
def two_cores() -> Cores:
    try:
        return cores.choose()
    except BenchmarkError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _wrk() -> None:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")


@pytest.fixture(scope="session")
def bundle(models: Path) -> Bundle:
    return ModelStore(models).open("breast_cancer")
