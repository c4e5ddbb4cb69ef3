from __future__ import annotations

from pathlib import Path

from benchmarks.cascades.timing import time_all
from bundle.bundle import Bundle
from bundle.manifest import CASCADE
from bundle.store import ModelStore
from loadtests.rig.cores import Cores
from tests.cascades import publish_cascade


def test_rungs_and_the_cascade_are_called_in_turn(bundle: Bundle, bound: Cores, tmp_path: Path) -> None:
    pass
