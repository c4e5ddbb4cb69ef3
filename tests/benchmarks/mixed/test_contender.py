"""The mixed rung is set against the best uniform rung that holds the budget, and against NNCF's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.mixed.contender import Contender, against, gains, is_met, verdicts
from tests.benchmarks.mixed.conftest import Make


def test_the_best_uniform_rung_is_the_smallest_or_the_fastest_of_those_that_hold_the_budget(
    contenders: list[Contender],
) -> None:
    size, one, many = gains(contenders, 0.01)
    assert (size.best, size.is_met) == ("int8", True)
    assert size.times == pytest.approx(1000 / 700)
    for time in (one, many):  # weight_int4 would be faster, and is too inaccurate
        assert (time.best, time.is_met) == ("dynamic_int8", False)
        assert time.times == pytest.approx(0.5 / 0.45)


def test_a_rung_that_may_hold_the_budget_is_one_to_beat_only_where_it_is_let_in(
    contenders: list[Contender], make: Make
) -> None:
    rungs = [*contenders, make("weight_int2", "uniform", 250, 1095, 0.2)]
    assert verdicts(rungs, 0.01)["weight_int2"].judgement == "not enough rows to tell"
    assert [gain.best for gain in gains(rungs, 0.01)] == ["int8", "dynamic_int8", "dynamic_int8"]
    assert [gain.best for gain in gains(rungs, 0.01, proven=False)] == ["weight_int2"] * 3


def test_with_a_budget_that_no_other_holds_the_reference_is_the_one_to_beat(make: Make) -> None:
    ladder = [
        make("float32", "reference", 4000, 0, 1.0),
        make("int8", "uniform", 1000, 300, 0.5),
        make("mixed", "mixed", 2000, 5, 0.8),
    ]
    assert [(gain.best, gain.times) for gain in gains(ladder, 0.01)] == [
        ("float32", 2.0),
        ("float32", 1.25),
        ("float32", 1.25),
    ]


def test_all_but_the_reference_are_judged_against_it(contenders: list[Contender]) -> None:
    judged = verdicts(contenders, 0.01)
    assert list(judged) == [one.name for one in contenders[1:]]
    assert judged["dynamic_int8"].judgement == "no worse"
    assert judged["weight_int4"].judgement == "worse"


def test_the_aim_is_one_gain_with_the_budget_held_and_an_accuracy_no_worse_than_the_other_tool_has(
    contenders: list[Contender], make: Make
) -> None:
    assert against(contenders, 0.01).judgement == "no worse"
    assert is_met(contenders, 0.01)
    place = next(place for place, one in enumerate(contenders) if one.role == "mixed")
    for failing in (
        make("mixed", "mixed", 700, 1095, 0.45),  # within the budget, and not proven to be
        make("mixed", "mixed", 990, 1030, 0.45),  # hardly smaller, hardly faster
    ):
        assert not is_met([*contenders[:place], failing, *contenders[place + 1 :]], 0.01)
    better = replace(contenders[-1], test=make("", "control", 0, 800, 1.0).test)
    assert not is_met([*contenders[:-1], better], 0.01)
