from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from evidence.cascades import Cascade
from evidence.estimate import Estimate
from tests.training.evaluations import scored
from training.report.ladder_picture import draw, spread

BLUE = (0x00 / 255, 0x72 / 255, 0xB2 / 255)  # of the first width


def pixels(path: Path, colour: tuple[float, float, float]) -> int:
    picture: Any = imread(path)
    return int((abs(picture[..., :3] - colour).max(axis=-1) < 0.02).sum())


def test_a_dominated_rung_loses_its_colour(tmp_path: Path) -> None:
    slow = scored("float32", microseconds=500)
    draw([slow, scored("w2-int8", accuracy=0.5)], "", tmp_path / "both stand.png")
    draw([slow, scored("w2-int8", microseconds=5)], "", tmp_path / "one stands.png")
    assert pixels(tmp_path / "both stand.png", BLUE) > pixels(tmp_path / "one stands.png", BLUE) + 100


def test_the_picture_is_in_the_format_that_its_name_asks_for(tmp_path: Path) -> None:
    rungs = [scored("float32"), scored("w0.5-int8", accuracy=0.8, microseconds=2)]
    draw(rungs, "digits & co", tmp_path / "ladder.svg")
    picture = (tmp_path / "ladder.svg").read_text(encoding="utf-8")
    assert picture.startswith("<?xml")
    assert "digits &amp; co" in picture


@pytest.mark.parametrize("count", [1, 12])
def test_any_number_of_rungs_can_be_drawn(count: int, tmp_path: Path) -> None:
    rungs = [
        scored(f"w{n + 2}-int8", accuracy=0.5 + n / 100, microseconds=n + 1.0, size=1000 * (n + 1), noise=0)
        for n in range(count)
    ]
    draw(rungs, "", tmp_path / "ladder.png")
    assert (tmp_path / "ladder.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("graphs", "said"),
    [
        (["", "w0.5-"], ["width 1", "width 0.5"]),
        (["", "large-", "by-a-vendor-"], ["the model", "large", "by-a-vendor"]),
    ],
)
def test_the_legend_tells_widths_and_networks_apart(
    graphs: list[str], said: list[str], tmp_path: Path
) -> None:
    rungs = [scored(f"{graph}int8", microseconds=n + 1.0) for n, graph in enumerate(graphs)]
    draw(rungs, "", tmp_path / "ladder.svg")
    picture = (tmp_path / "ladder.svg").read_text(encoding="utf-8")
    assert [f"<!-- {words} -->" in picture for words in said] == [True] * len(said)


def test_a_cascade_has_a_mark_of_its_own_and_is_no_precision(tmp_path: Path) -> None:
    rule = Cascade("w0.25-int8", "int8", 0.5, Estimate(0.2, 0.1, 0.3))
    rungs = [scored(name, microseconds=3.0 * n + 3) for n, name in enumerate(("w0.25-int8", "int8"))]
    draw([*rungs, replace(scored("cascade", accuracy=0.95), cascade=rule)], "", tmp_path / "ladder.svg")
    picture = (tmp_path / "ladder.svg").read_text(encoding="utf-8")
    assert picture.count("<!-- cascade -->") == 1
    assert "<!-- int8 -->" in picture


@given(st.lists(st.floats(0, 1), max_size=20).map(sorted))
def test_labels_are_moved_apart_in_their_order_and_not_above_the_panel(heights: list[float]) -> None:
    moved = spread(heights, 0.04)
    assert len(moved) == len(heights)
    assert all(upper - lower >= 0.04 - 1e-9 for lower, upper in pairwise(moved))
    assert all(height <= 1 for height in moved)
