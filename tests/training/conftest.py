"""What the tests of training share: a model of every variant."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundle.store import ModelStore
from training.runs.rescore import rescore
from training.runs.run import Published


@pytest.fixture(scope="session")
def breast_cancer(models: Path) -> Published:
    """The default model on data whose features differ by five orders of magnitude, with every variant."""
    bundle = ModelStore(models).open("breast_cancer")
    return Published(bundle, rescore(bundle.folder))
