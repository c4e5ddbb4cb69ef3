from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.report.pictures.axis import linear_ticks, log_limits, log_ticks


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
