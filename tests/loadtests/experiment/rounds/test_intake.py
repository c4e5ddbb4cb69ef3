from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from loadtests.experiment.blocks import figures_of
from loadtests.experiment.rounds.intake import Place, see, see_window
from loadtests.measure.recorder import Recorder
from loadtests.measure.samples import Samples, merge
from loadtests.measure.summary import Window
from loadtests.measure.turn import Turn
from loadtests.workload.scenarios import COST, THROUGHPUT

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


def test_the_rate_of_a_block_is_the_trimmed_geometric_mean_of_its_turns() -> None:
    worked = [0.1, 0.2, 0.2, 0.2, 100.0]
    turns = [(place, _turn(place, 18, worked_s=spent)) for place, spent in enumerate(worked)]
    block = see(_samples(*[20] * 5), turns, USERS, PLACE).block

    assert block.requests_per_s == pytest.approx(USERS * 18 / 0.2)
    assert (block.turns, block.void_turns) == (5, 0)


def test_a_turn_in_which_the_generator_had_no_core_does_not_count() -> None:
    turns = [(0, _turn(0, 18)), (1, _turn(1, 9, generator_waited_s=0.05))]
    seen = see(_samples(20, 10), turns, USERS, PLACE)

    assert [bool(one.why_void) for one in seen.turns] == [False, True]
    assert "no core for 50%" in seen.turns[1].why_void
    assert (seen.block.turns, seen.block.void_turns) == (1, 1)
    assert len(seen.window.samples) == 20
    assert list(figures_of(seen.turns, THROUGHPUT)) == [(2, 0)]


def test_what_a_row_costs_the_service_counts_whether_the_generator_had_a_core_or_not() -> None:
    turns = [(0, _turn(0, 18)), (1, _turn(1, 9, generator_waited_s=0.05, processor_s=0.025))]
    seen = see(_samples(20, 10), turns, USERS, PLACE)

    assert list(figures_of(seen.turns, COST).values()) == pytest.approx([1600, 1600])
    assert seen.block.rows_per_core_s == pytest.approx(1600)


def test_where_both_share_a_core_it_counts_all_the_same() -> None:
    turns = [(0, _turn(0, 18, generator_waited_s=0.05))]
    (turn,) = see(_samples(20), turns, USERS, replace(PLACE, shares_core=True)).turns
    assert not turn.why_void


def test_a_failure_is_never_thrown_away_with_its_turn() -> None:
    turns = [(0, _turn(0, 18, generator_waited_s=0.05, unanswered=1))]
    seen = see(_samples(20, failures=1), turns, USERS, PLACE)

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
    assert figures_of(seen.turns, COST)
    assert not figures_of(seen.turns, "p99_ms")
