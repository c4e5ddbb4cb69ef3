"""Looking while figures come in errs no more often than looking once."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from evidence.estimate import Estimate
from evidence.looks.sequential import Looks, blocks_needed, is_told


def test_a_single_look_is_as_sure_as_all_are_to_be() -> None:
    assert Looks(0.95).next(1.0) == pytest.approx(0.95, abs=1e-4)


def test_later_looks_may_be_less_sure_than_early_ones() -> None:
    looks = Looks()
    found = [looks.next(share) for share in (0.3, 0.5, 0.7, 0.9, 1.0)]

    assert found == sorted(found, reverse=True)
    assert 0.95 < found[-1] < found[0] < 1


def test_two_looks_err_together_as_often_as_one_may() -> None:
    """The estimate at half of the time and that at its end are bivariate normal."""
    looks = Looks()
    half, end = (NormalDist().inv_cdf((1 + looks.next(share)) / 2) for share in (0.5, 1.0))
    both = stats.multivariate_normal(cov=[[1, 0.5**0.5], [0.5**0.5, 1]])

    assert half == pytest.approx(NormalDist().inv_cdf(1 - 0.0125 / 2), abs=0.01)
    assert 1 - both.cdf([half, end], lower_limit=[-half, -end]) == pytest.approx(0.05, abs=5e-4)


def test_looking_ten_times_at_two_equal_things_tells_them_apart_in_one_run_of_twenty() -> None:
    """With Student's interval at every look, which would do so in one of four if each look had 95%."""
    blocks = np.random.default_rng(0).standard_normal((4000, 12))
    looks = Looks()
    is_told_apart, is_fooled = np.zeros(4000, bool), np.zeros(4000, bool)
    for count in range(3, 13):
        confidence = looks.next(count / 12)
        seen = blocks[:, :count]
        error = seen.std(axis=1, ddof=1) / np.sqrt(count)
        distance = np.abs(seen.mean(axis=1)) / error
        is_told_apart |= distance > stats.t.ppf((1 + confidence) / 2, count - 1)
        is_fooled |= distance > stats.t.ppf(0.975, count - 1)

    assert 0.03 < is_told_apart.mean() < 0.07
    assert is_fooled.mean() > 0.15


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.4), (1.1,), (0.0,)])
def test_a_look_that_is_not_after_the_last_is_refused(shares: tuple[float, ...]) -> None:
    looks = Looks()
    with pytest.raises(ValueError, match="a look at"):
        [looks.next(share) for share in shares]


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (Estimate(1.2, 1.1, 1.3), True),
        (Estimate(1.0, 0.97, 1.03), True),
        (Estimate(1.0, 0.94, 1.06), False),
        (Estimate(1.2, 0.9, 1.6), False),
        (Estimate.unbounded(3.0), False),
    ],
)
def test_a_ratio_tells_where_it_leaves_one_out_or_fits_into_what_is_alike(
    ratio: Estimate, told: bool
) -> None:
    assert is_told(ratio) is told


def test_so_many_blocks_are_needed_as_make_the_interval_narrow_enough() -> None:
    half_as_wide = blocks_needed(Estimate(1.2, 1.2 / 1.43, 1.2 * 1.43), 5)

    assert half_as_wide == 20
    assert blocks_needed(Estimate(1.0, 0.94, 1.06), 5) == 8
    assert blocks_needed(Estimate.unbounded(2.0), 5) is None
