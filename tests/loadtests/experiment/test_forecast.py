from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bundle.bundle import Bundle
from bundle.store import ModelStore
from loadtests.experiment.forecast import in_words, seconds_of, warnings
from loadtests.experiment.plan import Plan, Schedule
from loadtests.rig.cores import Cores
from loadtests.workload.held_out import HeldOut
from loadtests.workload.scenarios import SHARES


@pytest.fixture(scope="module")
def plan(models: Path) -> Plan:
    bundle: Bundle = ModelStore(models).open("digits")
    return Plan(
        HeldOut.of_bundle(bundle), ("float32", "int8"), (1,), Schedule(16, 24.0), Path(), Cores(None, None)
    )


def test_a_run_takes_little_more_than_its_budget_and_a_slow_one_not_its_hundreds_of_requests(
    plan: Plan,
) -> None:
    quick = seconds_of(plan, {"float32": 0.001, "int8": 0.001})
    assert 24.0 < quick < 40.0
    slow = seconds_of(plan, {"float32": 1.0, "int8": 1.0})
    assert quick < slow < 120
    assert seconds_of(plan, {"float32": 1.0, "int8": 2.0}) > slow
    assert seconds_of(replace(plan, rows=(1, 32)), {"int8": 0.001}) > seconds_of(plan, {"int8": 0.001})


def test_a_load_that_changes_has_no_budget_but_a_length(plan: Plan) -> None:
    rise = replace(plan, scenario_name="rise", schedule=Schedule(duration_s=200.0))
    assert 400 < seconds_of(rise, {"float32": 0.001, "int8": 0.001}) < 420


def test_rates_that_go_up_take_their_length_for_each_seed_and_that_no_budget_bounds_it_is_told(
    plan: Plan,
) -> None:
    ramp = replace(plan, scenario_name="ramp", schedule=Schedule(duration_s=50.0, seeds=2, warmup_s=1.0))
    took = {"float32": 0.001, "int8": 0.001}
    assert 200 + 2 * 2 * len(SHARES) < seconds_of(ramp, took) < 300
    (warning,) = warnings(ramp, took)
    assert warning.startswith("the 2 min 0 s of --budget do not bound a ramp: give a shorter --duration")
    short = replace(ramp, schedule=Schedule(duration_s=1.0, seeds=1, warmup_s=0.1))
    assert warnings(short, {"int8": 0.001}) == []


def test_a_search_is_part_of_it_unless_no_rate_can_hold(plan: Plan) -> None:
    server = replace(plan, scenario_name="server")
    searching = replace(server, find_peak=True, p99_ms=100.0)
    took = {"int8": 0.001}
    assert seconds_of(searching, took) > seconds_of(server, took) + 10
    took = {"int8": 0.2}
    assert seconds_of(searching, took) == pytest.approx(seconds_of(server, took))


def test_turns_that_have_no_room_for_ten_answers_of_a_user_are_told_with_what_would_do(plan: Plan) -> None:
    (warning,) = warnings(plan, {"float32": 0.001, "int8": 2.0})
    assert warning.startswith("int8: one request takes 2 s, and 2 s is the longest turn")
    assert "give a larger --budget, or fewer --variants" in warning
    assert warnings(replace(plan, schedule=Schedule(16, 400.0)), {"int8": 2.0}) == []
    assert warnings(replace(plan, scenario_name="server"), {"int8": 2.0}) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59.0, "59 s"), (59.5, "1 min 0 s"), (125.0, "2 min 5 s"), (4200.0, "1 h 10 min")],
)
def test_seconds_are_told_as_people_say_them(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
