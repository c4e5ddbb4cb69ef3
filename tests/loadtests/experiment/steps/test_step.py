"""What becomes of the rows offered at one rate adds up, and windows that do not count are in none of it."""

from __future__ import annotations

import pytest

from loadtests.experiment.steps.step import Chose, sent_late, step_of, steps_of
from tests.loadtests.sending import BOUND_MS, REQUESTS, sent


def test_every_row_offered_ends_in_one_of_five_ways() -> None:
    step = step_of([sent("rrwlsxfr")], BOUND_MS)
    assert step.offered == REQUESTS
    assert (step.right, step.wrong) == pytest.approx((3.5 / 8, 0.5 / 8))
    assert (step.late, step.shed, step.failed) == pytest.approx((2 / 8, 1 / 8, 1 / 8))
    assert step.right + step.wrong + step.missed == pytest.approx(1.0)
    assert step.accuracy == pytest.approx(3.5 / 4)
    assert step.effective_accuracy.value == pytest.approx(step.right)
    assert step.effective_accuracy.low < step.right < step.effective_accuracy.high


def test_of_nothing_in_time_no_accuracy_is_known() -> None:
    assert step_of([sent("ls")], BOUND_MS).accuracy is None


def test_what_was_chosen_and_why_is_counted_commonest_first() -> None:
    windows = [
        sent("rs", chosen="int8", reason="load"),
        sent("r", chosen="float32", reason="accuracy", seed=1),
    ]
    assert step_of(windows, BOUND_MS).chosen == (
        Chose("float32", "accuracy", REQUESTS),
        Chose("int8", "load", REQUESTS // 2),
    )
    assert step_of([sent("r")], BOUND_MS).chosen == ()


def test_a_rate_is_told_by_the_windows_that_count_if_there_are_any() -> None:
    windows = [
        sent("r"),
        sent("l", seed=1, is_void=True),
        sent("l", place=1, is_void=True),
        sent("r", place=1, seed=1, is_void=True),
    ]
    first, second = steps_of(windows, BOUND_MS)
    assert (first.right, first.is_void, first.offered) == (1.0, False, REQUESTS)
    assert (second.right, second.is_void, second.offered) == (0.5, True, 2 * REQUESTS)


def test_what_was_sent_late_is_beyond_a_tenth_of_the_bound_and_not_what_was_answered_late() -> None:
    kept = sent("r").window
    assert sent_late(kept, BOUND_MS) == 0.0
    assert sent_late(sent("l").window, BOUND_MS) == 0.0
    kept.samples.sent[:10] += 0.1 * BOUND_MS / 1000 + 0.001
    assert sent_late(kept, BOUND_MS) == 10 / REQUESTS
