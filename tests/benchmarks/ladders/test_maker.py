from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.ladders.entries import Entry
from benchmarks.ladders.maker import Maker


@pytest.mark.slow
def test_a_budget_that_is_not_shown_to_hold_costs_no_ladder(tmp_path: Path) -> None:
    options = ("--data", "iris", "--epochs", "1", "--variants", "float32", "--max-accuracy-drop", "0")
    ladder = Maker(None, tmp_path).make(Entry("flowers", "Iris: flowers", "MLP", options))
    assert [rung.name for rung in ladder.rungs] == ["float32", "mixed"]
    assert ladder.rungs[-1].remark.endswith("holds a drop of 0, and it is the nearest")
