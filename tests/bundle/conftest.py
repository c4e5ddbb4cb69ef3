"""Bundles to read, and bundles to break."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from bundle.bundle import Bundle, open_bundle
from bundle.store import ModelStore


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def digits(models: Path) -> Bundle:
    return ModelStore(models).open("digits")


@pytest.fixture
def damaged(digits: Bundle, tmp_path: Path) -> Bundle:
    """A copy of the digits bundle, still whole, that a test may break."""
    return open_bundle(Path(shutil.copytree(digits.folder, tmp_path / "digits" / "1")))
