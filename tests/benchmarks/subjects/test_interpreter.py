"""The model alone is timed in a process of its own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.errors import ProcessError
from benchmarks.subjects.interpreter import alone
from bundle.bundle import Bundle
from loadtests.rig.cores import Cores


def test_the_model_alone_is_timed_for_as_long_as_asked(bundle: Bundle, bound: Cores, tmp_path: Path) -> None:
    with alone(bundle, "int8", rows=1, log=tmp_path / "log", core=bound.server) as model:
        begun = time.monotonic()
        sample = model(0.3)
        seconds = time.monotonic() - begun
    assert 0.3 <= sample.seconds < seconds
    assert sample.count > 0
    assert 0 < sample.p50_us <= sample.p99_us


def test_a_process_that_ends_tells_why(bundle: Bundle, bound: Cores, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        alone(bundle, "int9", rows=1, log=log, core=bound.server) as model,
        pytest.raises(ProcessError, match="no variant 'int9'"),
    ):
        model(1)
