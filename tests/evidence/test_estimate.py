from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.estimate import Estimate

NUMBERS = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("value", "low", "high"), [(1, 2, 3), (4, 2, 3), (nan, 0, 1), (0.5, nan, 1), (0.5, 0, nan)]
)
def test_a_value_outside_its_interval_is_refused(value: float, low: float, high: float) -> None:
    with pytest.raises(ValueError, match="does not lie between"):
        Estimate(value, low, high)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), NUMBERS)
def test_a_number_is_in_the_interval_or_on_one_side_of_it(ends: list[float], number: float) -> None:
    estimate = Estimate(ends[1], ends[0], ends[2])
    found = (estimate.is_less_than(number), number in estimate, estimate.is_more_than(number))
    assert sum(found) == 1
    assert found[estimate.side_of(number) + 1]
    assert estimate.is_bounded
    assert estimate.value in estimate
    assert estimate.low in estimate
    assert estimate.high in estimate


@given(NUMBERS, NUMBERS)
def test_nothing_is_told_apart_from_a_value_without_an_interval(value: float, number: float) -> None:
    estimate = Estimate.unbounded(value)
    assert estimate == Estimate(value, -inf, inf)
    assert not estimate.is_bounded
    assert number in estimate
    assert estimate.side_of(number) == 0


def test_one_open_end_is_enough_to_be_unbounded() -> None:
    assert not Estimate(1, 0, inf).is_bounded
    assert not Estimate(1, -inf, 2).is_bounded
    assert Estimate(1, 0.5, inf).is_more_than(0)


def test_a_ratio_is_alike_where_its_whole_interval_is_near_one_either_way() -> None:
    assert Estimate(1, 1 / 1.05, 1.05).is_within(1.05)
    assert not Estimate(1, 0.95, 1.05).is_within(1.05)
    assert not Estimate(1, 1 / 1.05, 1.06).is_within(1.05)
    assert not Estimate.unbounded(1).is_within(1.05)


def test_the_inverse_of_a_ratio_is_that_of_the_roles_exchanged() -> None:
    assert Estimate(2, 1, 4).inverse == Estimate(0.5, 0.25, 1)
    assert Estimate.unbounded(4).inverse == Estimate.unbounded(0.25)
    assert Estimate.unbounded(0).inverse == Estimate.unbounded(inf)
