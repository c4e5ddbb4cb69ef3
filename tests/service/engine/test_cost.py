"""What a call is expected to take."""

from __future__ import annotations

from collections import deque
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.cost import Cost
from tests.service.engine.test_job import taken

US = st.floats(0.01, 1e6)


def of_a_call(cost: Cost, rows: int) -> float:
    return cost.added_us(rows, most=rows, is_first=True)


def test_two_timings_give_the_cost_of_a_call_and_of_a_row() -> None:
    cost = Cost.fit(one_us=12.0, many_us=74.0, rows=32)
    assert (cost.call_us, cost.row_us) == (10.0, 2.0)
    assert of_a_call(cost, 100) == 210.0


@pytest.mark.parametrize(("one_us", "many_us"), [(5.0, 4.0), (1.0, 320.0), (3.0, 3.0)])
def test_no_timings_make_a_cost_negative(one_us: float, many_us: float) -> None:
    cost = Cost.fit(one_us, many_us, 32)
    assert cost.call_us >= 0
    assert cost.row_us >= 0


@given(US, US, st.floats(0.01, 1e5))
def test_the_rows_within_a_budget_cost_no_more_and_one_row_more_would(
    call_us: float, row_us: float, budget_us: float
) -> None:
    cost = Cost(call_us, row_us)
    rows = cost.rows_within(budget_us)
    assert rows >= 0
    if rows:
        assert of_a_call(cost, rows) <= budget_us * (1 + 1e-9)
    assert of_a_call(cost, rows + 1) >= budget_us * (1 - 1e-9) or call_us >= budget_us


def test_where_a_call_belongs_does_not_depend_on_how_fast_the_machine_is_just_now() -> None:
    assert Cost(10.0, 1.0, pace=50.0).rows_within(100.0) == Cost(10.0, 1.0).rows_within(100.0) == 90


def test_where_a_row_costs_nothing_every_row_fits_if_the_call_does() -> None:
    assert Cost(10.0, 0.0).rows_within(11.0) > 10**6
    assert Cost(10.0, 0.0).rows_within(10.0) == 0


def test_a_machine_that_is_slower_for_good_is_believed_after_some_calls() -> None:
    cost = Cost(10.0, 1.0)
    for _ in range(150):
        cost.learn(10, 200.0)
    assert of_a_call(cost, 10) == pytest.approx(200.0, rel=0.01)


def test_a_call_in_which_the_machine_slept_is_not_believed() -> None:
    cost = Cost(10.0, 1.0)
    cost.learn(10, 60e6)
    assert of_a_call(cost, 10) < 30.0


@given(st.lists(st.tuples(st.integers(1, 128), st.floats(0, 1e9)), max_size=50))
def test_no_measurement_makes_the_expectation_negative_or_infinite(calls: list[tuple[int, float]]) -> None:
    cost = Cost(10.0, 1.0)
    for rows, took_us in calls:
        cost.learn(rows, took_us)
        assert 0 < cost.pace < float("inf")


def test_requests_that_share_a_call_are_expected_to_take_about_as_long_as_that_call() -> None:
    cost = Cost(10.0, 1.0)
    added = [cost.added_us(1, most=128, is_first=number == 0) for number in range(40)]
    assert sum(added) == pytest.approx(of_a_call(cost, 40), rel=0.1)
    assert added[0] == 11.0


@given(US, US, st.lists(st.integers(1, 300), min_size=1, max_size=50), st.integers(1, 128))
def test_what_waits_for_many_calls_is_expected_to_take_about_as_long_as_they(
    call_us: float, row_us: float, sizes: list[int], most: int
) -> None:
    cost = Cost(call_us, row_us)
    added = sum(cost.added_us(size, most=most, is_first=index == 0) for index, size in enumerate(sizes))
    left, calls = deque(sizes), 0
    while left:
        calls += 1
        for _ in range(taken(list(left), most)):
            left.popleft()
    true = calls * call_us + sum(sizes) * row_us
    assert true / 2.001 <= added <= 2.001 * true


def test_hardly_any_call_takes_longer_than_the_high_quantile() -> None:
    random, cost = Random(1), Cost(10.0, 1.0)
    taken = [20.0 * random.lognormvariate(0, 0.3) for _ in range(20_000)]
    late = 0
    for us in taken:
        late += us > cost.high_us(10)
        cost.learn(10, us)
    assert late / len(taken) == pytest.approx(0.05, abs=0.01)
    assert cost.high_us(10) == pytest.approx(20.0 * 1.64, rel=0.15)


def test_one_call_moves_the_high_quantile_by_little_however_long_it_was() -> None:
    cost = Cost(10.0, 1.0)
    before = cost.high_us(10)
    cost.learn(10, 60e6)
    assert before < cost.high_us(10) < 1.06 * before


def test_what_contention_taught_is_forgotten_where_nobody_calls() -> None:
    cost = Cost(10.0, 1.0)
    for _ in range(200):
        cost.learn(10, 100.0)
    slow = cost.high_us(10)
    cost.forget(1.0)
    assert cost.high_us(10) == pytest.approx((slow + 20.0) / 2)
    cost.forget(60.0)
    assert cost.high_us(10) == pytest.approx(cost.least_us(10)) == 20.0


@given(st.lists(st.tuples(st.integers(1, 128), st.floats(0, 1e9)), max_size=300))
def test_the_high_quantile_stays_near_the_pace(calls: list[tuple[int, float]]) -> None:
    cost = Cost(10.0, 1.0)
    for rows, took_us in calls:
        cost.learn(rows, took_us)
        assert 0 < cost.high <= 4.0 * cost.pace
