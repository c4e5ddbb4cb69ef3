from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loadtests.experiment.rounds.intake import Place, see, see_window, why_void, without_rates
from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import Samples, merge
from loadtests.measure.summary import Window
from loadtests.measure.turn import Turn

PLACE = Place(index=2, begun=90.0, bound_ms=15.0, shares_core=False)
USERS = 2


def _turn(place: int, answers: int, **changes: object) -> Turn:
    """A turn of a tenth of a second that begins a second after the last."""
    start = 100.0 + place
    plain = Turn(0, place, start, start + 0.1, answers, 0.2, 0.05, 0.01, 0.04, 0.0, 0)
    return replace(plain, **changes)  # type: ignore[arg-type]


def _samples(*answers: int, failures: int = 0) -> Samples:
    """Return so many answers in each turn, of 4 rows and 10 ms, and failures in the last."""
    parts = []
    for place, count in enumerate(answers):
        recorder = Recorder(4, np.arange(8), variant="int8", part=place)
        for sent in np.linspace(100.0 + place, 100.08 + place, count).tolist():
            recorder.add_answer(sent, sent + 0.01, 0, [])
        if place == len(answers) - 1:
            for _ in range(failures):
                recorder.add_failure(100.0 + place, 100.09 + place, 0, status=500, reason="status 500")
        parts.append(recorder.samples())
    return merge(parts)


def test_throughput_is_users_over_the_time_from_one_request_to_the_next_and_cost_is_of_processor_time() -> (
    None
):
    seen = see(_samples(20), [(0, _turn(0, 18))], USERS, PLACE)
    (turn,) = seen.turns

    assert (turn.block, turn.round, turn.started_s) == (2, 0, 10.0)
    assert turn.answers == 20
    assert turn.requests_per_s == pytest.approx(USERS * 18 / 0.2)
    assert turn.rows_per_s == pytest.approx(4 * turn.requests_per_s)
    assert turn.rows_per_core_s == pytest.approx(4 * 20 / 0.05)
    assert turn.p50_ms == pytest.approx(10.0)
    assert seen.block.rows_per_core_s == pytest.approx(turn.rows_per_core_s)
    assert seen.block.generator_cpu == pytest.approx(0.4)


def test_what_befell_the_service_in_one_turn_is_in_the_rate_and_the_cost_of_its_block() -> None:
    """A pause of a second in one turn of five: it is the service's own, and no turn is left out for it."""
    turns = [_turn(place, 18) for place in range(4)]
    paused = _turn(4, 18, worked_s=0.2 + USERS * 1.0, processor_s=1.05)
    block = see(_samples(*[20] * 5), list(enumerate([*turns, paused])), USERS, PLACE).block

    assert block.requests_per_s == pytest.approx(USERS * 5 * 18 / (5 * 0.2 + USERS))
    assert block.rows_per_core_s == pytest.approx(4 * 100 / (4 * 0.05 + 1.05))
    assert (block.turns, block.void_turns) == (5, 0)


def test_a_round_in_which_the_generator_lacked_its_core_is_void_for_all_alike() -> None:
    starved = [_turn(0, 18, generator_waited_s=0.025), _turn(1, 18)]
    assert "had no core for 12% of the time" in why_void(starved, 0.2, PLACE)
    assert why_void([_turn(0, 18), _turn(1, 18, generator_waited_s=0.01)], 0.2, PLACE) == ""
    assert why_void(starved, 0.2, replace(PLACE, shares_core=True)) == ""
    assert why_void([_turn(0, 18, generator_waited_s=float("nan"))], 0.2, PLACE) == ""


def test_whether_a_round_counts_hangs_not_on_how_long_answers_were_in_coming() -> None:
    turn = _turn(0, 18, generator_waited_s=0.02)
    stalled = replace(turn, end=turn.end + 5.0)
    assert why_void([turn], 0.1, PLACE) == why_void([stalled], 0.1, PLACE) != ""


def test_turns_of_a_round_that_does_not_count_are_left_out_but_for_what_they_cost() -> None:
    turns = [(0, _turn(0, 18)), (1, _turn(1, 9, processor_s=0.025))]
    seen = see(_samples(20, 10), turns, USERS, PLACE, {1: "no core"})

    assert [one.why_void for one in seen.turns] == ["", "no core"]
    assert (seen.block.turns, seen.block.void_turns) == (1, 1)
    assert len(seen.window.samples) == 20
    assert seen.block.requests_per_s == pytest.approx(USERS * 18 / 0.2)
    assert seen.block.rows_per_core_s == pytest.approx(4 * 30 / 0.075)


def test_where_too_few_turns_count_no_rate_is_left_and_no_latency() -> None:
    seen = without_rates(see(_samples(20, failures=1), [(0, _turn(0, 18))], USERS, PLACE))

    assert (seen.block.turns, seen.block.void_turns) == (0, 1)
    assert (seen.block.requests_per_s, seen.block.p50_ms) == (0.0, None)
    assert seen.block.rows_per_core_s is not None
    assert len(seen.window.samples) == 1  # the failure
    assert seen.turns[0].why_void


def test_a_failure_is_never_thrown_away_with_its_turn() -> None:
    turns = [(0, _turn(0, 18, unanswered=1))]
    seen = see(_samples(20, failures=1), turns, USERS, PLACE, {0: "no core"})

    assert not seen.turns[0].why_void
    assert len(seen.window.samples) == 21
    assert seen.unanswered == 1


def test_of_a_service_that_is_not_ours_no_cost_is_known() -> None:
    seen = see(_samples(20), [(0, _turn(0, 18, processor_s=None, service_waited_s=None))], USERS, PLACE)
    assert seen.turns[0].rows_per_core_s is None
    assert seen.block.rows_per_core_s is None
    assert seen.service_waited is None


def test_late_answers_are_no_goodput() -> None:
    calm, late = _turn(0, 18), replace(PLACE, bound_ms=5.0)
    assert see(_samples(20), [(0, calm)], USERS, late).block.goodput_per_s == 0
    in_time = see(_samples(20), [(0, calm)], USERS, PLACE).block
    assert in_time.goodput_per_s == pytest.approx(in_time.requests_per_s)


def test_a_window_of_an_open_loop_is_a_turn_whose_cost_is_of_all_that_was_sent() -> None:
    window = Window(_samples(20), 100.04, 100.2)
    seen = see_window(window, PLACE, processor_s=0.1, service_waited_s=None)
    (turn,) = seen.turns

    assert turn.answers < 20
    assert turn.rows_per_core_s == pytest.approx(4 * 20 / 0.1)
    assert seen.block.turns == 1
    assert seen.block.seconds == pytest.approx(0.16)


def test_a_window_in_which_the_generator_sent_late_does_not_count_but_its_cost_does() -> None:
    recorder = Recorder(4, np.arange(8), variant="int8", is_open=True)
    for due in np.linspace(100.0, 101.0, 200, endpoint=False).tolist():
        recorder.add(due, due, due + 0.002, due + 0.012, 0, 200, b"")
    window = Window(recorder.samples(), 100.0, 101.0)
    seen = see_window(window, PLACE, processor_s=0.1, service_waited_s=None)

    assert "sent 2.000 ms late at p99, and its p99 is 12.000 ms" in seen.turns[0].why_void
    assert seen.block.rows_per_core_s is not None
    assert seen.block.turns == 0
