from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.estimate import Estimate
from training.search.front import Candidate, Demand, choose, pareto

FEW = st.integers(0, 6)  # so that equals occur


def candidates(*places: tuple[float, float]) -> list[Candidate]:
    """Make a candidate of each accuracy and time."""
    return [
        Candidate(number, {}, accuracy, exactly(row_us), 1)
        for number, (accuracy, row_us) in enumerate(places)
    ]


def exactly(row_us: float) -> Estimate:
    return Estimate(row_us, row_us, row_us)


CROWDS = st.lists(st.tuples(FEW.map(lambda n: n / 6), FEW.map(lambda n: n + 1.0)), min_size=1, max_size=12)
DEMANDS = st.builds(Demand, FEW.map(lambda n: n / 6), st.floats(0.5, 8), st.just(6))


def beats(one: Candidate, other: Candidate) -> bool:
    no_worse = one.accuracy >= other.accuracy and one.row_us.value <= other.row_us.value
    return no_worse and (one.accuracy, one.row_us) != (other.accuracy, other.row_us)


@given(CROWDS)
def test_the_front_is_what_nothing_beats_and_everything_else_is_beaten_by_or_equal_to_one_of_it(
    places: list[tuple[float, float]],
) -> None:
    crowd = candidates(*places)
    front = pareto(crowd)
    assert front == sorted(front, key=lambda one: one.row_us.value)
    for one in front:
        assert not any(beats(other, one) for other in crowd)
    for one in crowd:
        equal = {(other.accuracy, other.row_us) for other in front}
        assert (one.accuracy, one.row_us) in equal or any(beats(other, one) for other in front)


@given(CROWDS, DEMANDS)
def test_what_is_chosen_meets_both_demands_where_anything_does_and_nothing_beats_it(
    places: list[tuple[float, float]], demand: Demand
) -> None:
    crowd = candidates(*places)
    chosen = choose(crowd, demand)
    met = [demand.is_met_by(one.accuracy, one.row_us) for one in crowd]
    assert demand.is_met_by(chosen.accuracy, chosen.row_us) is any(met)
    assert demand.excess(chosen.accuracy, chosen.row_us) == min(
        demand.excess(one.accuracy, one.row_us) for one in crowd
    )


@pytest.mark.parametrize(
    ("places", "number"),
    [
        ([(0.95, 1), (0.97, 4), (0.99, 6)], 1),  # the most accurate of those that meet both
        ([(0.97, 4), (0.97, 3)], 1),  # the faster of equals
        ([(0.80, 4), (0.97, 6)], 1),  # a fifth too slow is nearer than four times the errors
        ([(0.90, 4), (0.97, 15)], 0),  # and thrice the time is farther than twice the errors
    ],
)
def test_the_choice_among_few(places: list[tuple[float, float]], number: int) -> None:
    assert choose(candidates(*places), Demand(0.95, 5, 100)).number == number


def test_a_demand_of_no_error_at_all_can_be_nearly_met() -> None:
    demand = Demand(1.0, 5, rows=100)
    assert demand.excess(1.0, exactly(5)) == 0
    assert 0 < demand.excess(0.99, exactly(5)) < demand.excess(0.98, exactly(5)) < float("inf")


def test_the_share_of_rows_that_is_demanded_may_be_off_by_a_rounding_error() -> None:
    assert Demand(0.979 - 0.005, 5, 1000).is_met_by(0.974, exactly(5))


def test_a_time_whose_interval_reaches_beyond_the_demand_does_not_meet_it() -> None:
    demand = Demand(0.9, 5.0, 100)
    assert demand.is_met_by(0.9, Estimate(4.5, 4.2, 4.9))
    assert not demand.is_met_by(0.9, Estimate(4.5, 4.2, 5.1))
    assert not demand.is_met_by(0.9, Estimate.unbounded(4.5))
    surer, better = (
        Candidate(0, {}, 0.95, exactly(4.0), 1),
        Candidate(1, {}, 0.99, Estimate(4.5, 3.0, 6.0), 1),
    )
    assert choose([better, surer], demand) == surer
