from __future__ import annotations

from pathlib import Path

import pytest

from bundle.store import ModelStore
from tests.training.cli.program import run


@pytest.mark.slow
def test_tune_ends_with_the_front_a_bundle_and_an_exit_code_that_says_whether_the_demands_are_met(
    tmp_path: Path,
) -> None:
    options = ["--data", "iris", "--epochs", "2", "--trials", "2", "--models", str(tmp_path)]
    options += ["--max-accuracy-drop", "0.9", "--max-row-us", "0.000001", "--out", str(tmp_path / "out")]
    done = run("tune", *options)
    assert done.returncode == 1, done.stderr
    assert "Not met: a row takes" in done.stdout
    assert "0 untuned" in done.stdout
    assert "WARNING" not in done.stderr
    assert (tmp_path / "out" / "front.png").read_bytes().startswith(b"\x89PNG")
    assert ModelStore(tmp_path).versions("iris") == [1]
