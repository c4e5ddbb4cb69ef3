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


def test_one_long_turn_among_short_ones_is_no_sign_of_others() -> None:
    lag = Lag()
    for turn in range(1, 200):
        lag.note(0.0005, turn * 0.0005)
    lag.note(0.05, 0.15)
    assert lag.us(0.15) < 6000


def test_a_turn_is_forgotten_within_a_moment() -> None:
    lag = Lag()
    for turn in range(1, 200):
        lag.note(0.05, turn * 0.05)
    assert lag.us(199 * 0.05) > 40_000
    assert lag.us(199 * 0.05 + 0.4) < 500
