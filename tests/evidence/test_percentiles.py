from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from evidence.percentiles import percentile, wilson

LATENCIES = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


@given(LATENCIES, st.sampled_from([0.1, 1, 7, 25, 50, 90, 95, 99, 99.9, 100]))
def test_a_percentile_is_the_smallest_sample_with_enough_samples_at_or_below_it(
    samples: list[float], percent: float
) -> None:
    needed = Fraction(str(percent)) * len(samples)
    expected = min(one for one in samples if sum(other <= one for other in samples) * 100 >= needed)
    assert percentile(np.array(samples), percent) == expected


@pytest.mark.parametrize(
    ("percent", "expected"), [(7, 7), (50, 50), (95, 95), (99, 99), (99.1, 100), (100, 100)]
)
def test_percentiles_of_one_to_a_hundred_are_the_numbers_themselves(percent: float, expected: float) -> None:
    samples = np.random.default_rng(1).permutation(np.arange(1.0, 101.0))
    assert percentile(samples, percent) == expected


def test_a_percentile_does_not_disturb_the_samples() -> None:
    samples = np.array([3.0, 1.0, 2.0])
    percentile(samples, 50)
    assert samples.tolist() == [3.0, 1.0, 2.0]


def test_a_percentile_of_nothing_is_not_a_number() -> None:
    assert math.isnan(percentile(np.array([]), 50))


@pytest.mark.parametrize("percent", [0, -1, 100.1])
def test_a_percentile_outside_its_range_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="not in"):
        percentile(np.array([1.0]), percent)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_scipy(case: tuple[int, int]) -> None:
    right, trials = case
    expected = binomtest(right, trials).proportion_ci(0.95, method="wilson")
    interval = wilson(right / trials, trials)
    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)


@given(st.floats(0, 1), st.integers(0, 10_000))
def test_the_interval_holds_its_share_and_lies_between_nothing_and_all(share: float, trials: int) -> None:
    interval = wilson(share, trials)
    assert 0 <= interval.low <= share <= interval.high <= 1
    assert share in interval


def test_more_trials_make_the_interval_narrower() -> None:
    widths = [(interval := wilson(0.9, trials)).high - interval.low for trials in (0, 10, 100, 1000)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 1


@pytest.mark.parametrize(("share", "trials"), [(1.1, 5), (-0.1, 5), (0.5, -1)])
def test_no_interval_is_made_up_for_nonsense(share: float, trials: int) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson(share, trials)
