"""The choice among options, as a function of a few numbers."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.choice import REASONS, Bounds, Choice, Option, bounds_of, pick
from service.engine.policy import Policy
from service.wire.wish import NO_WISH, Objective, Wish
from tests.service.engine.options import Stated, ladder_of, options

OBJECTIVES = st.sampled_from(["accuracy", "latency"])


def chosen(choice: Choice | None) -> tuple[str, str] | None:
    return None if choice is None else (choice.option.variant, choice.reason)


def within(ms: float, floor: float = 0.0, objective: Objective = "accuracy") -> Bounds:
    return Bounds(ms * 1e3, is_hard=True, floor=floor, objective=objective)


@pytest.mark.parametrize(
    ("bounds", "waits_us", "expected"),
    [
        (within(100), 0, ("v0", "accuracy")),
        (within(100), 9000, ("v0", "accuracy")),  # a tenth of what the call leaves of the time
        (within(100), 19_000, ("v1", "load")),
        (within(100), 30_000, ("v2", "load")),
        (within(100), 45_000, ("v2", "load")),
        (within(100), 51_000, None),
        (within(5), 0, ("v1", "deadline")),
        (within(0.4), 0, ("v2", "deadline")),  # it has a chance: it may take half as long
        (within(0.4), 80, None),
        (within(0.2), 0, None),
        (within(100, floor=0.925), 19_000, ("v1", "load")),
        (within(100, floor=0.935), 40_000, ("v0", "load")),  # down as far as the floor
        (within(100, floor=0.935), 50_000, None),
        (within(100, floor=0.95), 0, None),  # the lower end of the interval is a point below
        (within(100, objective="latency"), 0, ("v2", "floor")),
        (within(100, floor=0.925, objective="latency"), 0, ("v1", "floor")),
        (within(0.9, floor=0.925, objective="latency"), 0, None),
        (within(100, floor=0.925, objective="latency"), 60_000, None),
    ],
)
def test_the_most_accurate_in_time_is_chosen_or_else_the_fastest_that_is_accurate_enough(
    bounds: Bounds, waits_us: float, expected: tuple[str, str] | None
) -> None:
    assert chosen(pick(ladder_of(waits_us=waits_us), 64, bounds)) == expected


def test_what_waits_for_threads_keeps_nobody_from_the_event_loop() -> None:
    front = options(("slow", 0.9, Stated(8000, waits_us=90_000)), ("quick", 0.8, Stated(400)))
    assert chosen(pick(front, 64, within(50))) == ("quick", "load")
    front = options(("slow", 0.9, Stated(8000)), ("quick", 0.8, Stated(400, waits_us=90_000)))
    assert chosen(pick(front, 64, within(50))) == ("slow", "accuracy")


def test_those_above_the_start_are_tried_only_where_there_is_no_other() -> None:
    front = ladder_of()
    assert chosen(pick(front, 64, within(100), start=1)) == ("v1", "load")
    assert chosen(pick(front, 64, within(100, floor=0.935), start=2)) == ("v0", "load")


def test_the_time_that_a_request_has_been_here_is_gone() -> None:
    assert chosen(pick(ladder_of(), 64, within(9), waited_us=2000)) == ("v1", "deadline")


def test_nobody_is_let_wait_for_longer_than_is_admitted() -> None:
    front = options(
        ("a", 0.9, Stated(100, 300, longest_us=1000)), ("b", 0.8, Stated(50, 300, longest_us=1000))
    )
    assert chosen(pick(front, 64, within(1e9))) == ("b", "load")


@pytest.mark.parametrize(
    ("wish", "policy", "expected"),
    [
        (NO_WISH, Policy(), Bounds(77.0, False, 0.0, "accuracy")),
        (NO_WISH, Policy(min_accuracy=0.9, max_latency_ms=5), Bounds(5000, False, 0.9, "accuracy")),
        (
            Wish(max_latency_ms=2, min_accuracy=0.0, objective="accuracy"),
            Policy(min_accuracy=0.9, max_latency_ms=5, objective="latency"),
            Bounds(2000, True, 0.0, "accuracy"),
        ),
        (NO_WISH, Policy(objective="latency"), Bounds(77.0, False, 0.0, "latency")),
    ],
)
def test_what_a_request_says_comes_before_what_the_policy_says(
    wish: Wish, policy: Policy, expected: Bounds
) -> None:
    assert bounds_of(wish, policy, 77.0) == expected


def test_a_choice_says_its_reason_and_what_is_expected_and_the_cascade_that_it_is_one() -> None:
    (plain, cascade) = options(("int8", 0.87654, Stated(1)), ("cascade", 0.9, Stated(1)))
    for reason in REASONS:
        assert plain.choice(reason).headers == [
            (b"x-variant-reason", reason.encode()),
            (b"x-expected-accuracy", b"0.8765"),
        ]
    assert {cascade.choice(reason).reason for reason in REASONS} == {"cascade", "fallback"}


@st.composite
def fronts(draw: st.DrawFn) -> list[Option]:
    """Draw up to eight options, each less accurate and quicker than those before it."""
    costs = sorted(draw(st.sets(st.floats(1, 1e5), min_size=1, max_size=8)), reverse=True)
    accuracies = sorted(draw(st.sets(st.floats(0.1, 1), min_size=len(costs), max_size=len(costs))))
    loop, threads = draw(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)))
    places = draw(st.lists(st.sampled_from([loop, threads]), min_size=len(costs), max_size=len(costs)))
    rungs = zip(reversed(accuracies), costs, places, strict=True)
    return options(*((f"v{n}", of, Stated(us, waits)) for n, (of, us, waits) in enumerate(rungs)))


@given(fronts(), st.floats(1, 1e6), st.floats(0, 1), OBJECTIVES, st.integers(0, 7), st.floats(0, 1e6))
def test_what_is_chosen_is_never_below_the_floor_and_never_later_than_the_budget(
    front: list[Option], budget_us: float, floor: float, objective: Objective, start: int, waited_us: float
) -> None:
    bounds = Bounds(budget_us, is_hard=True, floor=floor, objective=objective)
    choice = pick(front, 64, bounds, waited_us=waited_us, start=min(start, len(front) - 1))
    if choice is None:
        return
    runner = choice.option.runner
    assert choice.option.accuracy_low >= floor
    assert waited_us + runner.waiting_us(64) + runner.least_us(64) <= budget_us * (1 + 1e-9)


@given(fronts(), st.floats(1, 1e6), st.floats(1, 10), st.floats(0, 1))
def test_more_time_never_gives_a_less_accurate_answer(
    front: list[Option], budget_us: float, times: float, floor: float
) -> None:
    bounds = Bounds(budget_us, is_hard=True, floor=floor, objective="accuracy")
    less, more = pick(front, 64, bounds), pick(front, 64, bounds._replace(budget_us=budget_us * times))
    if less is not None:
        assert more is not None
        assert more.option.accuracy >= less.option.accuracy


@given(fronts(), st.floats(1, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_a_lower_floor_never_leaves_a_request_without_an_answer(
    front: list[Option], budget_us: float, floor: float, share: float
) -> None:
    for objective in ("accuracy", "latency"):
        bounds = Bounds(budget_us, is_hard=True, floor=floor, objective=objective)
        if pick(front, 64, bounds) is not None:
            assert pick(front, 64, bounds._replace(floor=floor * share)) is not None


@given(fronts(), st.floats(0, 1))
def test_with_nothing_waiting_and_no_hurry_the_first_that_is_accurate_enough_is_chosen(
    front: list[Option], floor: float
) -> None:
    idle = [replace(one, runner=Stated(one.runner.cost_us(64))) for one in front]
    choice = pick(idle, 64, Bounds(inf, is_hard=False, floor=floor, objective="accuracy"))
    able = [one for one in idle if one.accuracy_low >= floor]
    assert chosen(choice) == ((able[0].variant, "accuracy") if able else None)
