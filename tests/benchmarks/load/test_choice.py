"""wrk loads the servers where it is installed, ours elsewhere, and neither passes for the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.load.choice import choose
from tests.benchmarks.load.test_wrk import stand_in


def test_wrk_is_taken_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, "echo 'wrk 4.2.0 [epoll] Copyright (C) 2012 Will Glozer'; exit 1")  # as it does
    monkeypatch.setenv("PATH", str(tmp_path))
    client = choose(None)
    assert client.is_wrk
    assert client.name == "wrk 4.2.0"


def test_without_wrk_ours_is_taken_and_says_that_its_figures_are_not_those_of_wrk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    client = choose(None)
    assert not client.is_wrk
    assert "not comparable" in client.name
