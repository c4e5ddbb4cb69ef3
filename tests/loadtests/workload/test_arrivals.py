from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest
from scipy.stats import poisson as poisson_law

from loadtests.workload.arrivals import bursts, poisson


def test_gaps_are_exponential_by_a_goodness_of_fit_test() -> None:
    gaps = np.diff(poisson(200.0, 60.0, seed=1))
    assert len(gaps) > 11_000
    assert kstest(gaps, "expon", args=(0, 1 / 200)).pvalue > 0.01


def test_counts_of_a_second_are_poisson() -> None:
    moments = poisson(50.0, 400.0, seed=2)
    counts = np.histogram(moments, bins=400, range=(0, 400))[0]
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=0.2)  # the law's own mark
    low, high = poisson_law.ppf([0.0001, 0.9999], 50.0)
    assert low <= counts.min()
    assert counts.max() <= high + 5


@given(st.floats(0.5, 500), st.floats(0.1, 5), st.integers(0, 2**32), st.integers(1, 4))
def test_moments_ascend_within_the_run_and_depend_on_the_seed_alone(
    rate: float, seconds: float, seed: int, parts: int
) -> None:
    moments = poisson(rate, seconds, seed=seed, part=parts - 1, parts=parts)
    assert np.all(np.diff(moments) >= 0)
    assert np.all((moments >= 0) & (moments < seconds))
    assert np.array_equal(moments, poisson(rate, seconds, seed=seed, part=parts - 1, parts=parts))


def test_processes_that_share_a_load_never_send_at_the_same_moments() -> None:
    shares = [poisson(900.0, 20.0, seed=7, part=part, parts=3) for part in range(3)]
    together = np.concatenate(shares)
    assert len(np.unique(together)) == len(together)
    assert len(together) == pytest.approx(900 * 20, rel=0.05)
    assert [len(one) for one in shares] == pytest.approx([6000] * 3, rel=0.05)
    assert kstest(np.diff(np.sort(together)), "expon", args=(0, 1 / 900)).pvalue > 0.01


def test_another_seed_or_another_number_of_processes_draws_other_moments() -> None:
    drawn = [poisson(100.0, 5.0, seed=1), poisson(100.0, 5.0, seed=2), poisson(100.0, 5.0, seed=1, parts=2)]
    everything = np.concatenate(drawn)
    assert len(np.unique(everything)) == len(everything)


@pytest.mark.parametrize(("rate", "seconds", "part"), [(0.0, 1.0, 0), (1.0, 0.0, 0), (1.0, 1.0, -1)])
def test_nothing_to_draw_is_an_error(rate: float, seconds: float, part: int) -> None:
    with pytest.raises(ValueError, match="no arrivals"):
        poisson(rate, seconds, seed=0, part=part)


def test_bursts_have_the_mean_rate_and_scatter_more_than_a_poisson_process() -> None:
    moments = bursts(100.0, 2000.0, seed=3)
    assert len(moments) / 2000 == pytest.approx(100.0, rel=0.1)
    counts = np.histogram(moments, bins=20_000, range=(0, 2000))[0]
    assert counts.var() / counts.mean() > 5  # a Poisson process has 1


@given(st.floats(1, 300), st.floats(0.5, 5), st.integers(0, 2**32))
def test_bursts_come_when_the_seed_says_whatever_the_rate(rate: float, seconds: float, seed: int) -> None:
    one, other = bursts(rate, seconds, seed=seed), bursts(rate, seconds, seed=seed)
    assert np.array_equal(one, other)
    assert np.all(np.diff(one) >= 0)
    assert not len(one) or 0 <= one[0] <= one[-1] < seconds
    # Twice the rate has its requests where the time runs half as fast: the same stretches of the clock.
    many = bursts(500.0, seconds, seed=seed), bursts(1000.0, seconds, seed=seed)
    shares = [np.histogram(found, bins=5, range=(0, seconds))[0] / len(found) for found in many]
    assert np.abs(shares[0] - shares[1]).max() < 0.2
