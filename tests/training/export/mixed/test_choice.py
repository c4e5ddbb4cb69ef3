from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from training.export.mixed.choice import Offer, Step, after, as_cheap, furthest, steps, taken_besides

NUMBERS = st.integers(0, 1000).map(float)
OFFERS = st.lists(
    st.lists(st.builds(Offer, cost=NUMBERS, harm=NUMBERS), min_size=1, max_size=6), min_size=1, max_size=8
)


def total(offers: Sequence[Sequence[Offer]], plan: Sequence[int], what: str) -> float:
    return sum(float(getattr(of[place], what)) for of, place in zip(offers, plan, strict=True))


def plans(offers: Sequence[Sequence[Offer]]) -> list[tuple[int, ...]]:
    taken = steps(offers)
    return [after([0] * len(offers), taken[:count]) for count in range(len(taken) + 1)]


@given(OFFERS)
def test_every_step_saves_and_those_that_harm_least_for_it_come_first(
    offers: list[list[Offer]],
) -> None:
    costs = [total(offers, plan, "cost") for plan in plans(offers)]
    assert all(later < earlier for earlier, later in pairwise(costs))
    slopes = [step.slope for step in steps(offers)]
    assert slopes == sorted(slopes)


@given(OFFERS)
def test_the_steps_begin_at_the_first_settings_and_end_at_the_cheapest(offers: list[list[Offer]]) -> None:
    found = plans(offers)
    assert set(found[0]) == {0}
    assert total(offers, found[-1], "cost") == sum(min(offer.cost for offer in of) for of in offers)


@given(OFFERS)
def test_no_setting_on_the_way_is_beaten_in_cost_and_harm(offers: list[list[Offer]]) -> None:
    for step in steps(offers):
        chosen = offers[step.operation][step.setting]
        assert not any(
            other.cost < chosen.cost and other.harm <= chosen.harm for other in offers[step.operation]
        )


@given(st.integers(0, 300), st.integers(0, 300))
def test_as_many_steps_are_taken_as_hold_and_few_are_tried(count: int, limit: int) -> None:
    tried = []

    def holds(taken: int) -> bool:
        tried.append(taken)
        return taken <= limit

    assert furthest(count, holds) == min(count, limit)
    assert len(tried) <= ceil(log2(count + 1)) + 1
    assert 0 not in tried


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=20), st.integers(0, 6))
def test_beyond_a_step_that_does_not_hold_others_are_taken(left: list[tuple[int, bool]], tries: int) -> None:
    asked = [Step(operation, place, 1.0) for place, (operation, _) in enumerate(left)]
    tried = []

    def holds(taken: Sequence[Step]) -> bool:
        tried.append(taken[-1])
        return left[taken[-1].setting][1]

    kept = taken_besides([], asked, holds, tries)
    assert len(tried) <= tries
    assert kept == [step for step in tried if left[step.setting][1]]
    refused = {step.operation: step.setting for step in tried if not left[step.setting][1]}
    assert not [step for step in tried if step.setting > refused.get(step.operation, len(left))]


def test_times_that_nobody_can_tell_apart_are_as_cheap_as_the_least_and_bytes_are_what_they_are() -> None:
    assert as_cheap([1.04, 1.0, 1.06], 1.05) == [0, 1]
    assert as_cheap([4_712, 4_711, 4_711], 1) == [1, 2]
