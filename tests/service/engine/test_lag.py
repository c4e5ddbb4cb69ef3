"""For how long what arrives is unread."""

from __future__ import annotations

import pytest

from service.engine.lag import Lag


def test_where_turns_follow_one_another_a_request_falls_into_a_whole_one() -> None:
    lag = Lag()
    for turn in range(1, 200):
        lag.note(0.002, turn * 0.002)
    assert lag.us(199 * 0.002) == pytest.approx(2000, rel=0.1)


def test_where_the_loop_is_mostly_idle_hardly_any_request_waits_for_it() -> None:
    lag = Lag()
    for turn in range(1, 200):
        lag.note(0.001, turn * 0.02)
    assert lag.us(199 * 0.02) < 80


def test_long_turns_count_for_more_than_short_ones_that_took_as_long_together() -> None:
    long, short = Lag(), Lag()
    long.note(0.01, 0.01)
    for turn in range(1, 11):
        short.note(0.001, turn * 0.001)
    assert long.us(0.01) > 5 * short.us(0.01)


def test_a_turn_is_forgotten_within_a_moment() -> None:
    lag = Lag()
    lag.note(0.05, 1.0)
    assert lag.us(1.0) > 50_000
    assert lag.us(1.3) < 10
