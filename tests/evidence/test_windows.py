from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evidence.windows import design_effect, difference_of_windows, share_of_windows

WINDOWS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=30)


def test_windows_of_one_size_have_students_interval_of_their_shares() -> None:
    hits = np.array([9, 10, 7, 10, 8])
    found = share_of_windows(hits, np.full(5, 10))
    expected = stats.t.interval(0.95, 4, loc=0.88, scale=stats.sem(hits / 10))
    assert (found.low, found.high) == pytest.approx(tuple(np.clip(expected, 0, 1)))


def test_windows_that_saw_nothing_are_no_evidence() -> None:
    hits, trials = np.array([9, 7, 8]), np.array([10, 10, 10])
    assert share_of_windows(np.append(hits, [0, 0]), np.append(trials, [0, 0])) == share_of_windows(
        hits, trials
    )
    alone = share_of_windows(np.array([3, 0]), np.array([4, 0]))
    assert (alone.low, alone.value, alone.high) == (0.0, 0.75, 1.0)
    with pytest.raises(ValueError, match="no share of no trials"):
        share_of_windows(np.array([0]), np.array([0]))


@given(WINDOWS)
def test_a_share_lies_in_its_interval_and_its_design_effect_is_one_at_least(
    counts: list[tuple[int, int]],
) -> None:
    hits = np.array([hit for hit, _ in counts])
    trials = hits + np.array([missed for _, missed in counts])
    assert design_effect(hits, trials) >= 1
    if trials.sum():
        found = share_of_windows(hits, trials)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_hits_that_all_fell_into_one_window_are_one_event() -> None:
    late = np.zeros(20, np.int64)
    late[7] = 12
    assert design_effect(late, np.full(20, 100)) == pytest.approx(12, rel=0.01)
    assert design_effect(np.full(20, 1), np.full(20, 100)) == 1


def test_trials_drawn_one_by_one_have_a_design_effect_near_one() -> None:
    random = np.random.default_rng(7)
    effects = [design_effect(random.binomial(500, 0.01, 20), np.full(20, 500)) for _ in range(300)]
    assert np.median(effects) < 1.1
    assert np.mean(effects) < 1.3


def test_the_interval_holds_the_true_share_where_lateness_comes_in_bursts() -> None:
    random = np.random.default_rng(8)
    held = 0
    for _ in range(400):
        bursts = random.poisson(4, 20)  # of ten late requests each, in windows of 500
        held += 1 - 0.08 in share_of_windows(500 - 10 * bursts, np.full(20, 500))
    assert held / 400 > 0.92


def test_the_difference_of_two_shares_is_paired_within_windows() -> None:
    trials, ours, theirs = np.full(4, 100), np.array([90, 50, 80, 10]), np.array([80, 42, 69, 0])
    found = difference_of_windows(ours, theirs, trials)
    expected = stats.t.interval(0.95, 3, loc=0.0975, scale=stats.sem((ours - theirs) / 100))
    assert (found.value, found.low, found.high) == pytest.approx((0.0975, *expected))


def test_that_no_trial_differed_proves_no_more_than_there_were_trials() -> None:
    hits = np.array([9, 8, 10, 7])
    alike = difference_of_windows(hits, hits, np.full(4, 10))
    assert alike.value == 0.0
    assert alike.high == -alike.low == pytest.approx(1 - 0.025 ** (1 / 40))
    assert stats.binomtest(0, 40).proportion_ci(method="exact").high == pytest.approx(alike.high)


def test_one_window_tells_no_difference_and_none_is_refused() -> None:
    alone = difference_of_windows(np.array([3]), np.array([1]), np.array([4]))
    assert (alone.low, alone.value, alone.high) == (-1.0, 0.5, 1.0)
    with pytest.raises(ValueError, match="no share of no trials"):
        difference_of_windows(np.array([0]), np.array([0]), np.array([0]))
