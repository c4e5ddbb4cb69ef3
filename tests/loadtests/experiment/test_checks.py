from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loadtests.experiment import checks
from loadtests.experiment.agreement import Agreement
from loadtests.experiment.blocks import TurnFigures
from loadtests.experiment.checks import Spent
from loadtests.measure.recorder import Recorder
from loadtests.measure.summary import Summary, summarise_all
from loadtests.system.identity import Identity
from loadtests.workload.scenarios import SCENARIOS

USERS, SERVER, SPIKE = SCENARIOS["users"], SCENARIOS["server"], SCENARIOS["spike"]


def _summary(*, reasons: tuple[str, ...] = (), late_ms: float = 0.0) -> Summary:
    """Return a summary of a hundred answers of 10 ms, and of one failure for each reason."""
    recorder = Recorder(1, np.arange(10), is_open=True)
    for index in range(100):
        recorder.add(index, index, index + late_ms / 1000, index + 0.01, 0, 200, b"")
    for reason in reasons:
        recorder.add_failure(1.0, 1.1, 0, status=500, reason=reason)
    return summarise_all(recorder.samples())


def _turns(counted: int, void: int) -> list[TurnFigures]:
    one = TurnFigures(0, 0, 0.0, 0.1, 50, 500.0, 500.0, 900.0, 2.0, 4.0)
    return [one] * counted + [replace(one, why_void="no core")] * void


@pytest.mark.parametrize(("used", "passed"), [(0.9, True), (0.91, False), (None, None)])
def test_a_generator_that_used_up_its_core_voids_the_run(used: float | None, passed: bool | None) -> None:
    check = checks.of_generator(replace(_summary(), generator_cpu=used))
    assert check.passed is passed
    assert check.is_void is (passed is False)


@pytest.mark.parametrize(("waited", "passed"), [(0.1, True), (0.2, False), (None, None)])
def test_a_generator_that_was_kept_from_its_core_voids_the_run(
    waited: float | None, passed: bool | None
) -> None:
    assert checks.of_core(replace(_summary(), generator_waited=waited)).passed is passed


@pytest.mark.parametrize(
    ("counted", "void", "passed"), [(10, 0, True), (10, 5, True), (5, 15, True), (4, 16, False)]
)
def test_turns_in_which_the_generator_had_no_core_void_a_load_only_where_few_others_are_left(
    counted: int, void: int, passed: bool
) -> None:
    turns = [replace(one, rows_per_core_s=None) for one in _turns(counted, void)]
    check = checks.of_turns(turns, is_shared=False)
    assert check.passed is passed
    assert not void or f"of {void} of {counted + void} turns do not count" in check.detail


def test_where_hardly_a_turn_counts_what_the_service_used_is_known_all_the_same() -> None:
    check = checks.of_turns(_turns(1, 99), is_shared=False)
    assert check.passed is None
    assert "of 99 of 100 turns do not count, as of the last of them: no core." in check.detail
    assert "The processor time of the service does." in check.detail


@pytest.mark.parametrize(("unknown", "passed"), [(50, None), (90, False)])
def test_what_was_used_need_not_be_known_of_every_turn(unknown: int, passed: bool | None) -> None:
    turns = _turns(1, 99)
    turns = [replace(one, rows_per_core_s=None) for one in turns[:unknown]] + turns[unknown:]
    assert checks.of_turns(turns, is_shared=False).passed is passed


def test_a_core_that_both_share_voids_nothing_and_is_told() -> None:
    for check in (
        checks.of_turns(_turns(1, 99), is_shared=True),
        checks.of_core(replace(_summary(), generator_waited=0.5), is_shared=True),
    ):
        assert check.passed is None
        assert "share one core" in check.detail


def test_requests_sent_late_by_more_than_a_tenth_of_p99_void_an_open_loop() -> None:
    assert checks.of_schedule(_summary(late_ms=0.9), SERVER).passed is True
    late = checks.of_schedule(_summary(late_ms=1.1), SERVER)
    assert late.is_void
    assert "1.100 ms late; at most 1.000 ms" in late.detail
    assert checks.of_schedule(_summary(late_ms=5.0), USERS).passed is None


@pytest.mark.parametrize(
    ("kept", "sent", "passed"),
    [([0.0] * 8, 8, True), ([0.0] * 2, 8, True), ([0.0], 8, False), ([], 0, False)],
)
def test_rising_rates_are_void_where_hardly_a_turn_was_on_schedule(
    kept: list[float], sent: int, passed: bool
) -> None:
    check = checks.of_steps(kept, sent)
    assert check.passed is passed
    assert f"the schedule in {len(kept)} of {sent} turns" in check.detail
    assert "sent late" not in check.detail


def test_what_was_sent_late_in_turns_that_count_is_told() -> None:
    assert "up to 4.2% of the requests of a turn were sent late" in checks.of_steps([0.0, 0.042], 2).detail


def test_unexpected_answers_void_the_run_and_are_counted() -> None:
    assert checks.of_answers(_summary(), USERS).passed is True
    check = checks.of_answers(_summary(reasons=("status 500", "status 500", "cut")), USERS)
    assert check.is_void
    assert "3 of 103 answers were unexpected: 2 x status 500; 1 x cut" in check.detail


def test_a_refusal_is_expected_where_it_is_part_of_the_figure() -> None:
    refused = _summary(reasons=("status 503",))
    check = checks.of_answers(refused, SPIKE)
    assert check.passed is True
    assert check.detail == "1 of 101 were refused, as this scenario allows; all others were as promised."
    assert checks.of_answers(_summary(), SPIKE).detail == "All 100 answers were as promised."
    assert checks.of_answers(refused, USERS).passed is False
    assert checks.of_answers(_summary(reasons=("status 500",)), SPIKE).passed is False


def test_another_service_than_at_first_voids_the_run_in_whichever_block_it_came() -> None:
    before = Identity(1.0, 5.0, 10.0)
    same = checks.change_of(before, replace(before, answered=99.0))
    assert same == ""
    assert checks.of_service([same, same]).passed is True
    for changed in (
        checks.change_of(before, replace(before, counting_since=6.0)),
        checks.change_of(before, before, has_ended=True),
    ):
        assert checks.of_service([same, changed, same]).is_void
    assert checks.of_service([same, checks.change_of(None, None)]).passed is None


def test_a_difference_from_the_offline_prediction_is_a_finding_and_no_void() -> None:
    same = Agreement(100, 0, 0, 1e-7, 1e-4)
    assert checks.of_agreement(same).passed is True
    found = checks.of_agreement(replace(same, labels_differ=1))
    assert (found.passed, found.is_void) == (False, False)
    assert checks.of_agreement(None).passed is None


def test_a_load_without_an_answer_is_void_unless_no_turn_of_it_counts() -> None:
    nothing = summarise_all(Recorder(1, np.arange(3)).samples())
    check = checks.of_answers(replace(nothing, seconds=2.0), USERS)
    assert check.is_void
    assert "Not one request was answered in 2 s." in check.detail
    assert checks.of_answers(replace(nothing, seconds=0.0), USERS).passed is None


def test_work_that_a_service_puts_off_until_its_turn_is_over_is_found() -> None:
    """It burned a millisecond a request 0.3 s later, and its cost was two thirds of the true one."""
    assert checks.of_cost([Spent(1.0, 0.05, 3.0), Spent(1.0, 0.1, 3.0)]).passed is True
    put_off = checks.of_cost([Spent(1.0, 0.5, 3.0), Spent(1.0, 0.5, 3.0)])
    assert (put_off.passed, put_off.is_void) == (False, False)
    assert "Beside its own turns the service used 50.0%" in put_off.detail
    assert checks.of_cost([]).passed is None


def test_what_a_service_uses_all_the_time_is_not_put_off_however_light_the_load() -> None:
    assert checks.of_cost([Spent(own_s=0.04, beside_s=0.02, idle_s=2.0)]).passed is True
    assert checks.of_cost([Spent(own_s=0.04, beside_s=0.02, idle_s=0.5)]).passed is False
