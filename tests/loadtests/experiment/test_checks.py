from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loadtests.experiment import checks
from loadtests.experiment.agreement import Agreement
from loadtests.experiment.rounds import Round
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


def _round(index: int, rate: float, p50_ms: float | None) -> Round:
    return Round(index, float(index), 1.0, rate, rate, p50_ms, 9.0, 9.0, 0.9, 0.5)


def _rounds(*figures: tuple[float, float]) -> list[Round]:
    return [_round(index, rate, p50) for index, (rate, p50) in enumerate(figures)]


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


def test_requests_sent_late_by_more_than_a_tenth_of_p99_void_an_open_loop() -> None:
    assert checks.of_schedule(_summary(late_ms=0.9), SERVER).passed is True
    late = checks.of_schedule(_summary(late_ms=1.1), SERVER)
    assert late.is_void
    assert "1.100 ms late; at most 1.000 ms" in late.detail
    assert checks.of_schedule(_summary(late_ms=5.0), USERS).passed is None


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


def test_windows_within_ten_per_cent_of_their_mean_are_steady() -> None:
    assert checks.of_steadiness(_rounds((100, 10), (109, 10.5), (95, 9.5)), USERS).passed is True


@pytest.mark.parametrize(
    "figures",
    [
        ((100, 10), (100, 10), (130, 10)),
        ((100, 10), (100, 10), (100, 14)),
        ((100, 10), (88, 11.4), (77, 13), (67, 15)),
    ],
    ids=["throughput", "latency", "drift"],
)
def test_windows_that_differ_void_the_run(figures: tuple[tuple[float, float], ...]) -> None:
    assert checks.of_steadiness(_rounds(*figures), USERS).is_void


def test_three_steady_windows_in_a_row_are_enough_where_the_rest_hardly_moves_the_mean() -> None:
    figures = ((70, 13), (100, 10), (101, 10), (99, 10))
    assert checks.of_steadiness(_rounds(*figures), USERS).passed is True
    assert checks.of_steadiness(_rounds(*figures[:3]), USERS).passed is False


@pytest.mark.parametrize(
    "figures",
    [
        ((500, 10), (300, 10), (1000, 10), (1000, 10), (1000, 10)),
        ((100, 20), (100, 18), (100, 10), (100, 10), (100, 10)),
    ],
    ids=["throughput", "latency"],
)
def test_steady_windows_do_not_speak_for_others_that_are_reported_with_them(
    figures: tuple[tuple[float, float], ...],
) -> None:
    check = checks.of_steadiness(_rounds(*figures), USERS)
    assert check.is_void
    assert "the mean of all windows is" in check.detail


@pytest.mark.parametrize("step", [0.95, 1.05])
def test_a_slow_drift_voids_the_run_though_any_three_neighbours_are_alike(step: float) -> None:
    drift = _rounds(*((100 * step**index, 10 / step**index) for index in range(9)))
    assert max(checks.spread(drift[3:6], USERS)) < 0.1
    check = checks.of_steadiness(drift, USERS)
    assert check.is_void
    assert "the two halves are within 12" in check.detail


def test_one_window_that_was_disturbed_is_no_drift() -> None:
    figures = [(100.0, 10.0)] * 9
    figures[1] = (60.0, 16.0)
    assert checks.of_steadiness(_rounds(*figures), USERS).passed is True


def test_the_mean_of_all_windows_is_not_held_against_an_open_loops_schedule() -> None:
    figures = ((50, 10), (100, 10), (100, 10), (100, 10))
    assert checks.of_steadiness(_rounds(*figures), SERVER).passed is True
    assert checks.of_steadiness(_rounds(*figures), USERS).passed is False


def test_steadiness_is_not_asked_of_a_load_that_changes_nor_of_too_few_windows() -> None:
    unlike = _rounds((1, 1), (2, 2), (3, 3))
    assert checks.of_steadiness(unlike, SPIKE).passed is None
    assert checks.of_steadiness(unlike[:2], USERS).passed is None


def test_the_throughput_of_an_open_loop_is_its_schedules() -> None:
    assert checks.of_steadiness(_rounds((80, 10), (100, 10), (120, 10)), SERVER).passed is True


def test_a_window_without_an_answer_is_not_steady() -> None:
    assert checks.of_steadiness([_round(index, 0.0, None) for index in range(3)], USERS).passed is False


def test_another_service_than_at_first_voids_the_run() -> None:
    before = Identity(1.0, 5.0, 10.0)
    assert checks.of_service(before, replace(before, answered=99.0)).passed is True
    assert checks.of_service(before, replace(before, counting_since=6.0)).is_void
    assert checks.of_service(before, before, process_ended=True).is_void
    assert checks.of_service(None, None).passed is None


def test_a_difference_from_the_offline_prediction_is_a_finding_and_no_void() -> None:
    same = Agreement(100, 0, 0, 1e-7, 1e-4)
    assert checks.of_agreement(same).passed is True
    found = checks.of_agreement(replace(same, labels_differ=1))
    assert (found.passed, found.is_void) == (False, False)
    assert checks.of_agreement(None).passed is None


def test_too_few_answers_are_no_answers_as_promised_and_say_what_to_do() -> None:
    empty = replace(_rounds((0, 1))[0], p50_ms=None)
    for check in (
        checks.of_answers(summarise_all(Recorder(1, np.arange(3)).samples()), USERS),
        checks.of_answers(_summary(), USERS, round_s=0.67, alone_ms=1000.0),
        checks.of_steadiness([*_rounds((100, 10), (100, 10)), empty], USERS),
    ):
        assert check.is_void
        assert "too few" in check.detail
        assert "Give a longer --duration, fewer --rounds or fewer --users." in check.detail
        assert "All 0" not in check.detail
        assert "inf" not in check.detail
    assert checks.of_answers(_summary(), USERS, round_s=5.0, alone_ms=1000.0).passed is True
