from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.experiment.rounds.schedule import draw, lengths, seconds_of_turns


def test_a_budget_holds_so_many_blocks_but_twice_as_many_turns_as_starts() -> None:
    assert seconds_of_turns(120.0, 8, 4.0) == 11.0
    assert seconds_of_turns(120.0, 8, 0.0) == 15.0
    assert seconds_of_turns(120.0, 1, 5.0) == 115.0
    assert seconds_of_turns(120.0, 8, 20.0) == 40.0
    assert seconds_of_turns(2.0, 8, 20.0) == 1.0


def test_a_turn_is_ten_requests_of_a_user_long_or_the_share_of_a_slow_load() -> None:
    assert lengths([0.001, 0.05, 3.0], least_s=0.1, block_s=6.0) == pytest.approx([0.1, 0.5, 2.0])


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 99), st.floats(0.1, 30))
def test_in_each_round_each_load_has_one_turn_beside_those_it_is_compared_with(
    sizes: list[int], seed: int, block_s: float
) -> None:
    places = iter(range(sum(sizes)))
    groups = [[next(places) for _ in range(size)] for size in sizes]
    slots = draw(groups, [0.1] * sum(sizes), [0.0] * sum(sizes), block_s=block_s, seed=seed)

    rounds = max(slot.round for slot in slots) + 1
    assert rounds == max(1, int(block_s / (0.1 * sum(sizes))))
    for index in range(rounds):
        turns = [slot.load for slot in slots if slot.round == index]
        assert set(Counter(turns).values()) == {1}
        assert sorted(turns) == list(range(sum(sizes)))
        for group in groups:
            at = [place for place, load in enumerate(turns) if load in group]
            assert at == list(range(at[0], at[0] + len(group)))


def test_the_order_is_another_in_each_round_and_the_same_for_one_seed() -> None:
    slots = draw([[0, 1, 2], [3, 4, 5]], [0.1] * 6, [0.0] * 6, block_s=30.0, seed=3)
    orders = {tuple(slot.load for slot in slots if slot.round == index) for index in range(50)}

    assert len(orders) > 20
    assert slots == draw([[0, 1, 2], [3, 4, 5]], [0.1] * 6, [0.0] * 6, block_s=30.0, seed=3)
    assert slots != draw([[0, 1, 2], [3, 4, 5]], [0.1] * 6, [0.0] * 6, block_s=30.0, seed=4)


def test_what_is_out_when_a_turn_ends_is_part_of_the_block() -> None:
    slots = draw([[0, 1]], [0.1, 0.1], [0.05, 2.0], block_s=9.0, seed=1)
    assert max(slot.round for slot in slots) + 1 == 2  # 0.15 s and 4 s: a request, and what is out then
