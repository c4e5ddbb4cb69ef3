from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.evaluations import answers, scored, steady
from training.evaluation.domination import chosen_by, dominated, front
from training.evaluation.evaluate import Evaluation
from training.evaluation.timing import TIMED_BATCHES, Timing

RUNGS = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0.1, 1e5), st.integers(1, 10**7)), min_size=1, max_size=8
).map(
    lambda drawn: [
        scored(f"v{index}", accuracy=accuracy, microseconds=time, size=size)
        for index, (accuracy, time, size) in enumerate(drawn)
    ]
)


def test_a_rung_that_another_beats_in_all_three_is_dominated_by_it() -> None:
    slow = scored("int16x8", microseconds=1000)
    assert dominated([scored("float32", size=4000), slow, scored("int8", microseconds=4)]) == {
        "float32": "int8",
        "int16x8": "int8",
    }


def test_a_rung_that_is_best_in_one_thing_stands() -> None:
    rungs = [
        scored("accurate", accuracy=0.95, microseconds=20, size=3000),
        scored("fast", accuracy=0.85, microseconds=2, size=2000),
        scored("small", accuracy=0.85, microseconds=5, size=500),
    ]
    assert dominated(rungs) == {}


def test_accuracies_are_paired_row_by_row() -> None:
    float32 = scored("float32", size=4000, test=answers(10_000, range(1000)))
    # 90 rows lost and 40 gained: each accuracy lies well within the other's own interval, and p is 1.4e-5.
    lost = scored("int8", microseconds=4, test=answers(10_000, [*range(40, 1000), *range(2000, 2090)]))
    even = scored("int8", microseconds=4, test=answers(10_000, [*range(40, 1000), *range(2000, 2045)]))
    assert dominated([float32, even]) == {"float32": "int8"}
    assert dominated([float32, lost]) == {}
    assert dominated([float32, lost], margin=0.05) == {}
    unseen = replace(lost, validation=float32.validation)  # validation rows say nothing of it
    assert dominated([float32, unseen], margin=0.05) == {}


def test_too_few_rows_to_prove_that_accuracy_is_kept_prove_nothing() -> None:
    few = answers(30, range(3))
    rungs = [scored("float32", size=4000, test=few), scored("int8", microseconds=4, test=few)]
    assert dominated(rungs) == {}
    assert dominated(rungs, margin=0.2) == {"float32": "int8"}


def test_what_dominates_is_chosen_on_validation_rows_and_certified_on_test_rows() -> None:
    good, bad = answers(10_000, range(500)), answers(10_000, range(900))
    float32 = scored("float32", size=4000, test=good, validation=good)
    # The one is lucky on the test rows, the other on the validation rows.
    lucky = scored("lucky", microseconds=4, test=good, validation=bad)
    chosen = scored("chosen", microseconds=4, test=bad, validation=good)
    assert dominated([float32, lucky]) == {}
    assert dominated([float32, chosen]) == {}
    assert dominated([float32, scored("both", microseconds=4, test=good, validation=good)]) != {}


def test_what_answers_most_alike_is_chosen_before_what_gained_a_little_by_luck() -> None:
    float32 = scored("float32", size=4000, test=answers(1000, range(50)))
    lucky = scored(
        "lucky",
        microseconds=4,
        size=2000,
        test=answers(1000, range(53)),
        validation=answers(1000, range(48)),
    )
    alike = scored("alike", microseconds=5, size=1000, test=answers(1000, range(50)))
    assert dominated([float32, lucky, alike], margin=0.01)["float32"] == "alike"


def test_of_two_that_cost_alike_the_surely_less_accurate_is_dominated() -> None:
    rungs = [scored("good", accuracy=0.9), scored("bad", accuracy=0.88), scored("same", accuracy=0.9)]
    assert dominated(rungs) == {"bad": "good"}
    ruined = scored("ruined", accuracy=0.5, microseconds=1)
    assert dominated([*rungs, ruined]) == {"bad": "good"}


def test_the_more_variants_are_claimed_to_be_dominated_the_more_each_claim_has_to_prove() -> None:
    barely = answers(1000, [])  # of no row that differs, 1,000 prove a margin of 0.5 points, p = 0.012
    fast = scored("fast", microseconds=4, test=barely)
    slow = [scored(f"slow{n}", microseconds=10, test=barely, size=1000) for n in range(6)]
    assert dominated([fast, slow[0]], margin=0.005) == {"slow0": "fast"}
    assert dominated([fast, *slow], margin=0.005) == {}


@pytest.mark.parametrize(
    ("theirs", "falls"),
    [
        ((9.0, 11.0, 8.0, 12.0, 10.0), False),  # as slow on average, give or take a third
        ((7.0, 17.0, 9.0, 15.0, 10.0), False),  # 10% slower on average, and nobody knows
        ((12.0, 12.1, 11.9, 12.0, 12.1), True),
    ],
)
def test_a_time_that_is_neither_told_apart_nor_known_to_be_alike_supports_nothing(
    theirs: tuple[float, ...], falls: bool
) -> None:
    ours = dict.fromkeys(TIMED_BATCHES, steady(10.0))
    rungs = [
        scored("small", size=1000, times=ours),
        scored("large", size=4000, times=dict.fromkeys(TIMED_BATCHES, Timing(theirs))),
    ]
    assert ("large" in dominated(rungs)) is falls


def test_what_slows_the_machine_down_for_a_while_slows_both_and_is_not_taken_for_a_difference() -> None:
    busy = (10.0, 20.0, 11.0, 40.0, 10.0)
    rungs = [
        scored(name, size=size, times=dict.fromkeys(TIMED_BATCHES, Timing(tuple(s * one for one in busy))))
        for name, size, s in (("small", 1000, 1.0), ("large", 4000, 1.01))
    ]
    assert dominated(rungs) == {"large": "small"}


def test_what_was_not_timed_neither_dominates_nor_falls() -> None:
    unknown = replace(scored("unknown", size=10), times={})
    assert dominated([unknown, scored("known")]) == {}
    assert front([unknown]) == []


def test_rungs_that_are_not_told_apart_both_stand() -> None:
    assert dominated([scored("a", size=1000, microseconds=10.4), scored("b", size=1030)]) == {}


def test_a_rung_that_is_slow_at_one_batch_size_alone_does_not_dominate() -> None:
    mixed = scored("mixed", size=900, times={1: steady(30.0), 32: steady(5.0)})
    assert dominated([mixed, scored("even")]) == {}


def test_a_rung_falls_by_one_that_fell_itself_by_a_third() -> None:
    alike, other = answers(10_000, range(1000)), answers(10_000, [*range(999), 5000])
    rungs = [
        scored("float32", size=4000, microseconds=10.0, test=alike),
        scored("float16", size=2000, microseconds=10.1, test=alike),  # judged first: slower by a hair
        scored("int8", size=1000, microseconds=4, test=other),
    ]
    assert dominated(rungs) == {"float32": "float16", "float16": "int8"}


@given(RUNGS)
def test_someone_always_stands_and_nobody_falls_by_one_who_fell_by_it(rungs: list[Evaluation]) -> None:
    fallen = dominated(rungs)
    assert len(fallen) < len(rungs)
    for worse, better in fallen.items():
        passed = {worse}
        while better in fallen:
            assert better not in passed
            passed.add(better)
            better = fallen[better]  # noqa: PLW2901 - down the line to one that stands


@given(RUNGS)
def test_the_front_rises_with_the_time_and_no_rung_is_above_it(rungs: list[Evaluation]) -> None:
    corners = front(rungs)

    def place(one: Evaluation) -> tuple[float, float]:
        return one.microseconds[32].value, float(chosen_by(one).mean())

    for faster, slower in pairwise(corners):
        assert place(faster)[0] <= place(slower)[0]
        assert place(faster)[1] < place(slower)[1]
    for one in rungs:
        assert place(one)[1] <= max(place(c)[1] for c in corners if place(c)[0] <= place(one)[0])


def test_the_front_is_chosen_on_validation_rows() -> None:
    good, bad = answers(100, range(5)), answers(100, range(9))
    fast = scored("fast", microseconds=4, test=good, validation=bad)
    slow = scored("slow", microseconds=9, test=bad, validation=good)
    assert [one.variant for one in front([fast, slow])] == ["fast", "slow"]
