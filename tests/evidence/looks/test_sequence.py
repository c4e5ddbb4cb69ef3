"""Tests of the confidence sequence of a share, against simulated streams looked at after every trial."""

from __future__ import annotations

from functools import cache
from math import log

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from evidence.looks.sequence import confidence_sequence, evidence_against

_STREAMS = 1000
_TRIALS = 4000
_RULED_OUT = log(20)


@cache
def bounds(share: float, trials: int = _TRIALS) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return, for each trial, the most successes that are too few for `share`, and the least too many."""
    low, high = [], []
    few, many = -1, 1
    for trial in range(1, trials + 1):
        while evidence_against(share, few + 1, trial) >= _RULED_OUT and few + 1 <= share * trial:
            few += 1
        many = max(many, int(np.ceil(share * trial)))
        while many <= trial and evidence_against(share, many, trial) < _RULED_OUT:
            many += 1
        low.append(few)
        high.append(many)
    return np.array(low), np.array(high)


def streams(share: float, *, seed: int, count: int = _STREAMS) -> npt.NDArray[np.int64]:
    """Return how many successes there are after each trial, shape (streams, trials)."""
    return np.cumsum(np.random.default_rng(seed).random((count, _TRIALS)) < share, axis=1)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_of_a_thousand_streams_looked_at_after_every_row_at_most_5_in_100_raise_a_false_alarm(
    share: float,
) -> None:
    low, high = bounds(share)
    seen = streams(share, seed=14)
    alarms = ((seen <= low) | (seen >= high)).any(axis=1).mean()
    assert 0 < alarms <= 0.05


@pytest.mark.parametrize(("was", "half_found_after"), [(0.99, 1500), (0.995, 900)])
def test_a_loss_of_a_point_is_found(was: float, half_found_after: int) -> None:
    low, _ = bounds(was)
    is_found = (streams(was - 0.01, seed=15) <= low).cumsum(axis=1) > 0
    assert is_found[:, half_found_after].mean() >= 0.5
    assert is_found[:, -1].mean() >= 0.95


def test_an_interval_for_one_look_raises_many_false_alarms_where_it_is_looked_at_often() -> None:
    seen = streams(0.9, seed=16)
    trials = np.arange(1, _TRIALS + 1)
    z = (seen - 0.9 * trials) / np.sqrt(0.09 * trials)
    assert (np.abs(z) > 1.96)[:, 100:].any(axis=1).mean() > 0.2


def test_requests_whose_rows_all_depend_on_each_other_raise_no_more_false_alarms() -> None:
    """A request of 8 rows, all alike or all independent, is a trial; the share of its rows is the success."""
    generator = np.random.default_rng(17)
    alike = generator.random((300, _TRIALS)) < 0.9
    independent = generator.binomial(8, 0.9, (300, _TRIALS)) / 8
    low, high = bounds(0.9)
    for successes in (alike, independent):
        seen: npt.NDArray[np.float64] = np.cumsum(successes, axis=1, dtype=np.float64)
        assert ((seen <= low) | (seen >= high)).any(axis=1).mean() <= 0.05


@given(st.integers(1, 300), st.data())
def test_a_share_is_within_exactly_where_nothing_rules_it_out(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.floats(0, trials))
    interval = confidence_sequence(successes, trials)
    share = data.draw(st.floats(0, 1))
    margin = _RULED_OUT - evidence_against(share, successes, trials)
    if abs(margin) > 1e-6:
        assert (share in interval) == (margin > 0)


@given(st.integers(1, 500), st.data())
def test_the_interval_of_failures_is_that_of_successes_mirrored(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    one, other = confidence_sequence(successes, trials), confidence_sequence(trials - successes, trials)
    assert one.low == pytest.approx(1 - other.high, abs=1e-9)
    assert one.high == pytest.approx(1 - other.low, abs=1e-9)


def test_the_evidence_is_the_ratio_of_what_a_beta_binomial_and_a_binomial_give_what_was_seen() -> None:
    expected = betabinom.logpmf(37, 50, 0.5, 0.5) - binom.logpmf(37, 50, 0.6)
    assert evidence_against(0.6, 37, 50) == pytest.approx(expected)


def test_more_trials_make_it_narrower_and_more_confidence_wider() -> None:
    assert confidence_sequence(98, 100).low < confidence_sequence(980, 1000).low < 0.98
    assert confidence_sequence(98, 100).low > confidence_sequence(98, 100, confidence=0.99).low


def test_where_all_succeeded_or_none_the_interval_reaches_the_end() -> None:
    assert confidence_sequence(5, 5).high == 1.0
    assert confidence_sequence(0, 5).low == 0.0


def test_a_thousand_million_trials_are_no_difficulty() -> None:
    interval = confidence_sequence(9.9e8, 10**9)
    assert interval.low == pytest.approx(0.99, abs=2e-5)
    assert interval.high == pytest.approx(0.99, abs=2e-5)


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"),
    [(0, 0, 0.95), (2, 1, 0.95), (-1, 1, 0.95), (float("nan"), 1, 0.95), (1, 1, 1.0), (1, 1, 0.0)],
)
def test_what_is_no_share_is_refused(successes: float, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no interval of"):
        confidence_sequence(successes, trials, confidence=confidence)
