from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread

from loadtests.plots import draw, spread, ticks
from tests.loadtests.results import result


@given(st.lists(st.floats(0, 1), max_size=8).map(sorted))
def test_labels_are_moved_apart_in_their_order_and_stay_in_the_panel(heights: list[float]) -> None:
    moved = spread(heights, 0.1)
    assert len(moved) == len(heights)
    assert all(upper - lower >= 0.1 - 1e-9 for lower, upper in pairwise(moved))
    assert all(-1e-9 <= height <= 1 + 1e-9 for height in moved)


@given(st.lists(st.integers(0, 5), max_size=5, unique=True).map(sorted))
def test_labels_that_are_apart_stay_where_they_are(places: list[int]) -> None:
    heights = [place * 0.2 for place in places]
    assert spread(heights, 0.1) == pytest.approx(heights)


@given(st.floats(1e-3, 1e6), st.floats(4, 1e8))
def test_ticks_are_few_and_in_order_and_within_the_axis(low: float, span: float) -> None:
    found = ticks(low, low * span)
    assert 2 <= len(found) <= 6
    assert found == sorted(set(found))
    assert low <= found[0] <= found[-1] <= low * span


def test_each_number_of_rows_adds_a_column_to_the_picture(tmp_path: Path) -> None:
    results = [result(name, rows, 1000.0 * rows) for rows in (1, 8, 32) for name in ("float32", "int8")]
    draw(results[:4], {}, "two", tmp_path / "two.png")
    draw(results, {}, "three", tmp_path / "three.png")
    two, three = imread(tmp_path / "two.png"), imread(tmp_path / "three.png")
    assert three.shape[1] > two.shape[1]
    assert three.shape[0] == two.shape[0]


def test_a_dominated_variant_loses_its_colour(tmp_path: Path) -> None:
    results = [result("float32", rows_per_s=10), result("int8", rows_per_s=1000)]
    draw(results, {}, "", tmp_path / "plain.png")
    draw(results, {"float32": "int8"}, "", tmp_path / "grey.png")
    plain, grey = imread(tmp_path / "plain.png"), imread(tmp_path / "grey.png")
    blue = (0x00 / 255, 0x72 / 255, 0xB2 / 255)  # of the first variant
    assert (abs(plain[..., :3] - blue).max(axis=-1) < 0.02).sum() > 50
    assert (abs(grey[..., :3] - blue).max(axis=-1) < 0.02).sum() == 0


def test_a_result_without_answers_is_left_out(tmp_path: Path) -> None:
    draw([result("float32"), result("int8", accuracy=None)], {}, "", tmp_path / "with.png")
    draw([result("float32")], {}, "", tmp_path / "without.png")
    assert (imread(tmp_path / "with.png") == imread(tmp_path / "without.png")).all()
