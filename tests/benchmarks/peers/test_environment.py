"""A peer's environment is built once, and used as long as its pins stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import environment
from benchmarks.peers.environment import python_with


def test_an_environment_with_the_same_pins_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "FOLDER", tmp_path)
    (tmp_path / "peer").mkdir()
    (tmp_path / "peer" / "requirements.txt").write_text("a==1\nb==2\n", encoding="utf-8")
    assert python_with("peer", ("a==1", "b==2")) == tmp_path / "peer" / "bin" / "python"
