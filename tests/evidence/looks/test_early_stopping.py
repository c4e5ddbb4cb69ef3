from __future__ import annotations

from math import comb

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.looks.early_stopping import holds, requests_needed
from evidence.windows import design_effect


def test_the_published_numbers_for_p99_at_99_per_cent_confidence() -> None:
    assert [requests_needed(late) for late in range(3)] == [459, 662, 838]


def _chance(late: int, requests: int, share: float) -> float:
    """Return the chance of at most `late` of `requests`, added up term by term."""
    return sum(comb(requests, k) * share**k * (1 - share) ** (requests - k) for k in range(late + 1))


@pytest.mark.parametrize("late", range(13))
def test_it_is_the_least_number_for_which_so_few_late_ones_are_improbable(late: int) -> None:
    needed = requests_needed(late)
    assert _chance(late, needed, 0.01) <= 0.01 < _chance(late, needed - 1, 0.01)


def test_a_run_holds_from_the_needed_number_on() -> None:
    assert not holds(458, 0)
    assert holds(459, 0)
    assert not holds(661, 1)
    assert holds(662, 1)
    assert not holds(5, 5)
    assert not holds(0, 0)


def test_requests_that_were_late_together_count_as_one() -> None:
    assert holds(2000, 3, burst=3.0)  # one late of 667
    assert not holds(2000, 4, burst=4.0)  # one late of 500
    assert holds(2000, 4)


@given(st.integers(1, 5000), st.integers(0, 20), st.floats(1, 20))
def test_bursts_only_ever_make_a_proof_harder(requests: int, late: int, burst: float) -> None:
    assert holds(requests, late) or not holds(requests, late, burst=burst)


def _lates(random: np.random.Generator, requests: int, share: float, size: float) -> npt.NDArray[np.int64]:
    """Return how many are late in each of 20 windows, in bursts at random moments of about `size` each."""
    late = np.zeros(requests, np.bool_)
    for start in random.integers(0, requests, random.poisson(share * requests / size)).tolist():
        late[start : start + 1 + random.poisson(size - 1)] = True
    return np.asarray(late.reshape(20, -1).sum(axis=1), np.int64)


@pytest.mark.parametrize(
    ("requests", "share", "size"), [(2000, 0.012, 5.0), (2000, 0.015, 5.0), (10_000, 0.015, 20.0)]
)
def test_a_service_whose_lates_come_in_bursts_and_are_too_many_is_rarely_taken_to_hold_its_bound(
    requests: int, share: float, size: float
) -> None:
    random, trials = np.random.default_rng(11), np.full(20, requests // 20)
    runs = [_lates(random, requests, share, size) for _ in range(1000)]
    one_by_one = sum(holds(requests, int(late.sum())) for late in runs) / 1000
    by_window = (
        sum(holds(requests, int(late.sum()), burst=design_effect(late, trials)) for late in runs) / 1000
    )
    assert one_by_one > 0.03  # where 1% was promised, of a share that is just too large
    assert by_window < min(0.025, one_by_one / 3)


def test_a_service_whose_few_lates_come_one_by_one_holds_as_often_as_before() -> None:
    random, trials = np.random.default_rng(12), np.full(20, 100)
    runs = [random.binomial(100, 0.002, 20) for _ in range(500)]
    one_by_one = sum(holds(2000, int(late.sum())) for late in runs)
    by_window = sum(holds(2000, int(late.sum()), burst=design_effect(late, trials)) for late in runs)
    assert by_window > 0.95 * one_by_one > 450
