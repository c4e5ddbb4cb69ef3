"""The share of rows that go on: how many to reckon with, and when it is no longer what was to be expected."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundle.bundle import Bundle
from service.engine.escalation import _EPOCH, FALSE_ALARMS, Escalation
from tests.service.cascading import a_cascade


@pytest.fixture(scope="module")
def as_expected(digits: Bundle) -> Escalation:
    return an_escalation(digits)


def an_escalation(digits: Bundle, told: list[bool] | None = None) -> Escalation:
    """Watch a cascade of which 23 to 27 rows in 100 go on."""
    tell = (lambda _: None) if told is None else told.append
    return Escalation("m/1", a_cascade(digits.variant("int8").scores), tell=tell)


def feed(watch: Escalation, share: float, requests: int, *, seed: int, rows: int = 1) -> int:
    """Count requests of which so large a share goes on; return how many it took until that was found."""
    went = np.random.default_rng(seed).binomial(rows, share, requests).tolist()
    for number, count in enumerate(went):
        watch.count(rows, count)
        if watch.is_shifted:
            return number + 1
    return requests


@pytest.mark.parametrize("share", [0.23, 0.25, 0.27])
def test_of_many_streams_that_stay_in_the_band_hardly_any_ever_warns(digits: Bundle, share: float) -> None:
    alarms = 0
    for seed in range(100):
        watch = an_escalation(digits)
        feed(watch, share, 3000, seed=seed)
        alarms += watch.is_shifted
    assert alarms <= 100 * FALSE_ALARMS


@pytest.mark.parametrize(("share", "within"), [(0.4, 500), (0.1, 700), (0.33, 4000)])
def test_a_shift_is_found_soon_whatever_its_direction(digits: Bundle, share: float, within: int) -> None:
    took = [feed(an_escalation(digits), share, 5000, seed=seed) for seed in range(20)]
    assert sorted(took)[10] <= within
    assert max(took) < 5000


def test_a_shift_is_found_as_well_when_all_was_in_order_for_long(digits: Bundle) -> None:
    watch = an_escalation(digits)
    feed(watch, 0.25, 5 * _EPOCH + 100, seed=1)
    assert not watch.is_shifted
    assert feed(watch, 0.4, 5000, seed=2) < 1000


def test_it_is_said_once_and_taken_back_when_a_whole_epoch_was_in_order(
    digits: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[bool] = []
    watch = an_escalation(digits, told)
    with caplog.at_level(logging.INFO, logger="service"):
        for seed in range(3):
            feed(watch, 0.5, _EPOCH, seed=seed)
            for _ in range(100):
                watch.count(1, 1)
        assert told == [True]
        for _ in range(3 * _EPOCH // 4):
            for went in (1, 0, 0, 0):
                watch.count(1, went)
    assert told == [True, False]
    shifted, back = (record.getMessage() for record in caplog.records)
    assert shifted.startswith("m/1: the data have shifted: of ")
    assert "from int8 to float32; it was 25.0% when they were published, and 23.0% to 27.0%" in shifted
    assert back == "m/1: as many rows go on again as is to be expected"


def test_rows_of_a_request_that_depend_on_each_other_are_no_shift(digits: Bundle) -> None:
    """A quarter of the requests has nothing but hard rows, as where a client sorts them."""
    alarms = 0
    for seed in range(50):
        watch = an_escalation(digits)
        for hard in (np.random.default_rng(seed).random(3000) < 0.25).tolist():
            watch.count(64, 64 * hard)
        alarms += watch.is_shifted
    assert alarms <= 50 * FALSE_ALARMS


@given(st.integers(1, 2000))
def test_of_some_rows_one_goes_on_at_least_and_all_at_most(as_expected: Escalation, rows: int) -> None:
    assert 1 <= as_expected.most(rows) <= rows


@pytest.mark.parametrize("rows", [1, 4, 32, 256])
def test_more_rows_than_are_reckoned_with_hardly_ever_go_on(as_expected: Escalation, rows: int) -> None:
    went = np.random.default_rng(3).binomial(rows, 0.25, 10_000)
    assert (went > as_expected.most(rows)).mean() < 0.05
    assert as_expected.most(rows) <= max(1, 0.25 * rows + 2 * np.sqrt(rows / 4))


def test_what_is_reckoned_with_follows_the_rows_of_late(digits: Bundle) -> None:
    watch = an_escalation(digits)
    for _ in range(10_000):
        watch.count(4, 4)
    assert watch.share == pytest.approx(1.0, abs=1e-3)
    assert watch.most(100) == 100
