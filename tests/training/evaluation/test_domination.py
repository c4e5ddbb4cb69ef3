from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.training.evaluations import scored
from training.evaluation.domination import dominated, dominates, front
from training.evaluation.evaluate import Evaluation

RUNGS = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0.1, 1e5), st.integers(1, 10**7), st.floats(0, 0.2)),
    min_size=1,
    max_size=12,
).map(
    lambda drawn: [
        scored(f"v{index}", accuracy=accuracy, microseconds=time, size=size, noise=noise)
        for index, (accuracy, time, size, noise) in enumerate(drawn)
    ]
)


def test_a_rung_that_another_beats_in_all_three_is_dominated_by_it() -> None:
    slow = scored("int16x8", microseconds=1000)
    assert dominated([scored("float32", size=4000), slow, scored("int8", microseconds=4)]) == {
        "float32": "int8",
        "int16x8": "int8",
    }


def test_an_accuracy_that_is_lower_by_no_more_than_noise_does_not_count_as_worse() -> None:
    float32 = scored("float32", accuracy=0.9, size=4000)
    assert dominates(scored("int8", accuracy=0.895, microseconds=4), float32)
    assert not dominates(scored("int4", accuracy=0.88, microseconds=4), float32)


def test_a_rung_that_is_best_in_one_thing_stands() -> None:
    rungs = [
        scored("accurate", accuracy=0.95, microseconds=20, size=3000),
        scored("fast", accuracy=0.85, microseconds=2, size=2000),
        scored("small", accuracy=0.85, microseconds=5, size=500),
    ]
    assert dominated(rungs) == {}


def test_rungs_that_are_not_told_apart_both_stand() -> None:
    assert dominated([scored("a", size=1000, microseconds=10.4), scored("b", size=1030)]) == {}


def test_a_rung_that_is_slow_at_one_batch_size_alone_does_not_dominate() -> None:
    mixed = replace(scored("mixed", size=900), microseconds={1: 30.0, 32: 5.0})
    assert not dominates(mixed, scored("even"))
    assert not dominates(scored("even"), mixed)


@given(RUNGS)
def test_someone_always_stands_and_whoever_falls_is_told_by_whom(rungs: list[Evaluation]) -> None:
    fallen = dominated(rungs)
    by_name = {one.variant: one for one in rungs}
    assert len(fallen) < len(rungs)
    for worse, better in fallen.items():
        assert dominates(by_name[better], by_name[worse])


@given(RUNGS)
def test_two_rungs_never_dominate_each_other(rungs: list[Evaluation]) -> None:
    alike = [scored(one.variant, accuracy=one.scores.accuracy, size=one.bytes) for one in rungs]
    for some in alike:
        assert not any(dominates(some, other) and dominates(other, some) for other in alike)


@given(RUNGS)
def test_the_front_rises_with_the_time_and_no_rung_is_above_it(rungs: list[Evaluation]) -> None:
    corners = front(rungs)
    for faster, slower in pairwise(corners):
        assert faster.microseconds[32] <= slower.microseconds[32]
        assert faster.scores.accuracy < slower.scores.accuracy
    for one in rungs:
        reached = [c.scores.accuracy for c in corners if c.microseconds[32] <= one.microseconds[32]]
        assert one.scores.accuracy <= max(reached)
