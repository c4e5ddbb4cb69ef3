from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.early_stopping import holds, requests_needed


def test_the_published_numbers_for_p99_at_99_per_cent_confidence() -> None:
    assert [requests_needed(late) for late in range(3)] == [459, 662, 838]


def test_the_published_numbers_for_p90() -> None:
    """MLPerf's table for the 90th percentile begins so."""
    assert [requests_needed(late, percentile=0.9) for late in range(3)] == [44, 64, 81]


def _chance(late: int, requests: int, share: float) -> float:
    """Return the chance of at most `late` of `requests`, added up term by term."""
    return sum(comb(requests, k) * share**k * (1 - share) ** (requests - k) for k in range(late + 1))


@given(st.integers(0, 12), st.sampled_from([0.8, 0.9, 0.95]), st.sampled_from([0.9, 0.95, 0.99]))
def test_it_is_the_least_number_for_which_so_few_late_ones_are_improbable(
    late: int, percentile: float, confidence: float
) -> None:
    needed = requests_needed(late, percentile=percentile, confidence=confidence)
    assert _chance(late, needed, 1 - percentile) <= 1 - confidence
    assert _chance(late, needed - 1, 1 - percentile) > 1 - confidence


def test_a_run_holds_from_the_needed_number_on() -> None:
    assert not holds(458, 0)
    assert holds(459, 0)
    assert not holds(661, 1)
    assert holds(662, 1)
    assert not holds(5, 5)
    assert not holds(0, 0)


@pytest.mark.parametrize(("late", "percentile"), [(-1, 0.99), (0, 1.0), (0, 0.0)])
def test_a_rule_that_makes_no_sense_is_an_error(late: int, percentile: float) -> None:
    with pytest.raises(ValueError, match="no rule"):
        requests_needed(late, percentile=percentile)
