from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.looks.early_stopping import holds
from evidence.percentiles import percentile, percentile_of_ordered
from evidence.windows import design_effect

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
    with pytest.raises(ValueError, match="not in"):
        percentile_of_ordered(np.array([1.0]), percent)


@given(LATENCIES, st.sampled_from([0.1, 1, 7, 50, 90, 95, 99, 99.9, 100]))
def test_the_interval_of_a_percentile_lies_between_two_of_the_samples(
    samples: list[float], percent: float
) -> None:
    ordered = np.sort(np.array(samples))
    found = percentile_of_ordered(ordered, percent)
    assert found.value == percentile(ordered, percent)
    assert {found.low, found.high} <= {*samples, -math.inf, math.inf}


@pytest.mark.parametrize(("size", "percent"), [(1, 50), (20, 50), (100, 90), (300, 99), (1000, 95)])
def test_beyond_the_ends_of_the_interval_lies_as_little_of_the_binomial_as_there_should(
    size: int, percent: int
) -> None:
    """Sum the chances that so many samples are below the true percentile, rather than invert them."""
    share = Fraction(percent, 100)
    chances = [
        float(math.comb(size, count) * share**count * (1 - share) ** (size - count))
        for count in range(size + 1)
    ]
    # The r-th sample is above the true percentile where fewer than r are below it, and below it otherwise.
    low = max((rank for rank in range(1, size + 1) if sum(chances[:rank]) <= 0.025), default=-math.inf)
    high = min((rank for rank in range(1, size + 1) if sum(chances[rank:]) <= 0.025), default=math.inf)
    found = percentile_of_ordered(np.arange(1.0, size + 1), percent)
    assert (found.low, found.high) == (low, high)


def test_the_interval_holds_the_true_percentile_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    truth = {50: np.log(2), 90: np.log(10), 99: np.log(100)}  # of the exponential distribution
    for percent, value in truth.items():
        samples = np.sort(random.exponential(size=(400, 1000)))
        held = sum(value in percentile_of_ordered(ordered, percent) for ordered in samples)
        assert held / 400 > 0.92


def test_a_p99_that_so_few_samples_cannot_bound_is_open_above_and_not_as_high_as_the_largest() -> None:
    few = percentile_of_ordered(np.arange(1.0, 459), 99, confidence=0.98)
    assert few.high == math.inf
    assert not few.is_bounded
    assert percentile_of_ordered(np.arange(1.0, 460), 99, confidence=0.98).high == 459
    assert percentile_of_ordered(np.array([1.0]), 50).low == -math.inf


@given(st.integers(1, 3000), st.integers(0, 30))
def test_the_upper_end_of_p99_is_within_a_bound_where_early_stopping_has_proven_that_p99_is(
    requests: int, late: int
) -> None:
    late = min(late, requests)
    ordered = np.array([1.0] * (requests - late) + [9.0] * late)
    assert (percentile_of_ordered(ordered, 99, confidence=0.98).high <= 5.0) == holds(requests, late)


def test_where_samples_come_in_bursts_the_interval_holds_the_true_percentile_if_it_is_told_of_them() -> None:
    """Of 20 windows of 100 samples about two have 20 slow ones each, and the others none."""
    random = np.random.default_rng(5)
    stalls = random.random((400, 20)) < 0.1
    samples = random.exponential(size=(400, 20, 100))
    samples[:, :, :20] += 10 * stalls[:, :, None]
    truth = np.quantile(random.exponential(size=10**6) + 10 * (random.random(10**6) < 0.02), 0.99)
    windows, told, untold = np.repeat(np.arange(20), 100), 0, 0
    for run in samples.reshape(400, -1):
        ordered, slow = np.sort(run), run >= percentile(run, 99)
        burst = design_effect(np.bincount(windows[slow], minlength=20), np.full(20, 100))
        told += truth in percentile_of_ordered(ordered, 99, burst=burst)
        untold += truth in percentile_of_ordered(ordered, 99)
    assert untold / 400 < 0.5
    assert told / 400 > 0.8


@given(LATENCIES, st.floats(1, 10))
def test_the_more_samples_tell_no_more_than_one_the_wider_is_the_interval(
    samples: list[float], burst: float
) -> None:
    ordered = np.sort(np.array(samples))
    narrow, wide = (percentile_of_ordered(ordered, 50, burst=one) for one in (1.0, burst))
    assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_there_is_no_interval_of_no_samples() -> None:
    with pytest.raises(ValueError, match="no percentile of no samples"):
        percentile_of_ordered(np.array([]), 50)
