from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.report.pictures.axis import linear_ticks, log_limits, log_ticks, spread


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
def test_ticks_of_a_logarithmic_axis_are_few_and_in_order_and_within_it(low: float, span: float) -> None:
    found = log_ticks(low, low * span)
    assert 2 <= len(found) <= 6
    assert found == sorted(set(found))
    assert low <= found[0] <= found[-1] <= low * span


@given(st.floats(-1e4, 1e4), st.floats(1e-4, 1e6))
def test_ticks_of_a_linear_axis_are_few_and_even_and_within_it(low: float, span: float) -> None:
    found = linear_ticks(low, low + span)
    assert 2 <= len(found) <= 6
    steps = [upper - lower for lower, upper in pairwise(found)]
    assert steps == pytest.approx([steps[0]] * len(steps), rel=1e-3)
    slack = 1e-9 * max(abs(low), span)
    assert low - slack <= found[0] <= found[-1] <= low + span + slack


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=6))
def test_no_axis_is_so_short_that_a_small_difference_looks_large(values: list[float]) -> None:
    low, high = log_limits(values)
    assert low < min(values) <= max(values) < high
    assert high / low >= 4 * (1 - 1e-9)
